"""The real program, as a shell runs it, without a daemon."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HOTCTL = f"{sys.executable} -m hotctl"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("redirection", ["| head -0", ">&-", "2>&-", ">&- 2>&-", "</dev/null", "| true"])
def test_streams_that_are_not_there_cause_no_traceback(redirection: str) -> None:
    """Closed before, closed in between, closed after: it is quiet."""
    ran = shell(f"set -o pipefail; {HOTCTL} --help {redirection}")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_full_disk_fails() -> None:
    """``/dev/full`` loses output, and the status says so."""
    ran = shell(f"{HOTCTL} --help > /dev/full")
    assert ran.returncode == 1
    assert ran.stderr == "hotctl: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("arguments", ["--help", "--version", "reload --help", "relod"])
def test_neither_rich_nor_rpyc_is_imported_before_it_is_needed(arguments: str) -> None:
    """Start-up time is a feature."""
    program = (
        "import sys; from hotctl.cli import main; main(sys.argv[1:]);"
        "print([name for name in sys.modules if name.partition('.')[0] in ('rich', 'rpyc')], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments.split()], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr.splitlines()[-1] == "[]"


def test_no_daemon_is_a_sentence_and_69(tmp_path: Path) -> None:
    """The address, and no traceback; with --json an object too; rich stays out of it."""
    ran = shell(f"{HOTCTL} status --json --socket {tmp_path}/none.sock")
    assert ran.returncode == 69
    assert json.loads(ran.stdout)["error"]["code"] == "unreachable"
    assert f"{tmp_path}/none.sock" in ran.stderr
    assert "Traceback" not in ran.stderr
