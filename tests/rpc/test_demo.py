"""``hotd demo``: the whole story in one terminal, or in a pipe, and nothing left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemons import environment, hotd
from tests.support.eventually import eventually
from tests.support.terminal import on_a_terminal


@pytest.fixture
def scratch(tmp_path: Path) -> dict[str, str]:
    """The demo's folders are made here, so that what it leaves can be seen."""
    return {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}


def daemons_in(folder: Path) -> list[str]:
    """Command lines of processes that were started on something in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ")
            except OSError:
                continue
            if str(folder) in words:
                found.append(words)
    return found


def test_the_demo_tells_the_whole_story_in_plain_lines(scratch: dict[str, str], tmp_path: Path) -> None:
    """Piped: each step with its command, old and new interleaved, the rejection with its place, the undo; exit 0."""
    ran = hotd("demo", "--fast", env=scratch, timeout=60)

    assert ran.status == 0, ran
    assert ran.err == ""
    assert "\x1b" not in ran.out
    for told in (
        "$ hotctl scale long_op 2",
        "$ cp long_op.new.py ops/long_op.py",
        "long_op g2 is current",
        "2 still run g1",
        "long_op rejected, g2 stays current",
        "long_op.py:10",
        "long_op g3 is current",
        "$ hotctl undo long_op",
        "long_op is back to g2",
    ):
        assert told in ran.out, told
    lines = ran.out.splitlines()
    new = next(n for n, line in enumerate(lines) if "NEW CODE" in line)
    assert any(" g1 | " in line for line in lines[new:]), "an old instance still prints after the first new one"
    assert list(tmp_path.iterdir()) == []
    assert daemons_in(tmp_path) == []


def test_the_demo_draws_a_live_screen_on_a_terminal(scratch: dict[str, str], tmp_path: Path) -> None:
    """With a terminal it redraws in place, and ends with the summary and 0."""
    command = [sys.executable, "-m", "hotd", "demo", "--fast"]
    status, text = on_a_terminal(command, {**environment(), **scratch, "COLUMNS": "110", "LINES": "40"})
    assert status == 0
    for told in ("hotctl undo long_op", "what the instances print", "generations became current"):
        assert told in text, told
    assert re.search("g[123] \N{MULTIPLICATION SIGN}[12] draining", text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_demo_leaves_no_daemon_behind(
    scratch: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C, an orderly kill, and even kill -9: the daemon it started ends with it."""
    asked = subprocess.Popen(
        [sys.executable, "-m", "hotd", "demo"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), **scratch},
    )
    eventually(lambda: daemons_in(tmp_path), within=90, what="the demo's daemon")
    asked.send_signal(number)
    _, err = asked.communicate(timeout=60)
    assert "Traceback" not in err
    eventually(lambda: not daemons_in(tmp_path), within=60, what="the daemon's end")
    if number is signal.SIGINT:
        assert asked.returncode == 130
    if number is not signal.SIGKILL:
        eventually(lambda: list(tmp_path.iterdir()) == [], what="nothing left behind")
