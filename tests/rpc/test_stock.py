"""Users' own scripts with a stock RPyC client: what README tells them to write, run as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from rpyc.utils.factory import unix_connect

from tests.support.daemons import Running

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_script_of_the_readme_does_what_it_says(one_daemon: Running) -> None:
    """Nothing of hotd's is imported; the protocol's number, an outcome, an error as data."""
    _, _, about = README.partition("A stock RPyC client")
    found = re.search(r"```python\n(.*?)```\n```\n(.*?)```\n", about, re.DOTALL)
    assert found is not None
    script, printed = found.groups()
    assert "hotd." not in script.replace("/run/hotd/", "") and "hotctl" not in script

    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script.replace("/run/hotd/control.sock", str(one_daemon.socket))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == (printed, "")


def test_every_verb_can_be_named(one_daemon: Running) -> None:
    """Also one whose name is no identifier."""
    stock = unix_connect(str(one_daemon.socket))
    try:
        text = getattr(stock.root, "make-permanent")('{"module": "long_opp"}')
        assert json.loads(text)["error"]["code"] == "unknown-module"
    finally:
        stock.close()
