"""``[daemon] plain_file_names``, for whoever looks for the file that code says it comes from."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.daemons import Running, config, environment, folder_for_sockets, ready
from tests.support.ops import hosted

SOURCE = """\
def work(fail):
    if fail:
        raise ValueError("no luck")
    never = 1
"""


def test_coverage_measures_hosted_modules() -> None:
    """``coverage run -m hotd serve``: lines that instances ran are covered, failures are told as ever."""
    module = hosted("m", "m:work", more='args = [1]\nrestart = "never"')
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops/m.py").write_text(SOURCE)
        switch = 'drain_deadline = "1s"\nplain_file_names = true'
        (folder / "hotd.toml").write_text(config(module, daemon=switch))
        command = [sys.executable, "-m", "coverage", "run", "--source=ops", "-m", "hotd", "serve", "--verbose"]
        with (folder / "daemon.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=log, stdout=subprocess.DEVNULL)
        daemon = Running(folder, process)
        try:
            ready(daemon)
            daemon.until(lambda m: m["errors"] == 1, "m")
            error = daemon.hotctl("errors", "m").out
            assert f'File "{folder}/ops/m.py", line 3, in work\n' in error
            assert 'raise ValueError("no luck")' in error
            assert daemon.stop() == 0
        finally:
            process.kill()
            process.wait()
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q"], cwd=folder, env=environment(), check=True)
        measured = json.loads((folder / "coverage.json").read_text())["files"]["ops/m.py"]

    assert (measured["executed_lines"], measured["missing_lines"]) == ([1, 2, 3], [4])
