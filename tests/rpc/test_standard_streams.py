"""Whatever stdin, stdout and stderr of a daemon are, it serves and ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons import Running, config, environment, folder_for_sockets
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

SPAM = """
from hotd import api

def work():
    while not api.stopping():
        print("x" * 10_000)
"""


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """A pipe that nobody reads, with no room left."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 1024)
    os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


@contextlib.contextmanager
def daemon(
    source: str, redirect: str = "", out: int = subprocess.DEVNULL, err: int = subprocess.DEVNULL
) -> Iterator[Running]:
    """A daemon that answers, started by a shell with ``redirect``."""
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "long_op.py").write_text(source)
        (folder / "hotd.toml").write_text(config(hosted()))
        command = f"exec {sys.executable} -m hotd serve -c hotd.toml {redirect}"
        process = subprocess.Popen(
            ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=environment()
        )
        running = Running(folder, process)
        try:
            eventually(lambda: serves(running), within=90, what="the daemon to serve")
            yield running
        finally:
            process.kill()
            process.wait()


def serves(running: Running) -> bool:
    assert running.process.poll() is None, f"the daemon ended with {running.process.returncode}"
    ran = running.hotctl("status", "--json")
    return ran.status == 0 and ran.json["modules"][0]["serving"]["current"] == 1


@pytest.mark.parametrize("redirect", ["<&- >&- 2>&-", ">/dev/full 2>&1"])
def test_a_daemon_needs_no_standard_streams(redirect: str) -> None:
    """Closed ones are filled with /dev/null: else the control socket would be descriptor 1, and prints go into it."""
    with daemon(waiter("one"), redirect) as running:
        if "&-" in redirect:
            ends = {Path(f"/proc/{running.process.pid}/fd/{number}").readlink() for number in range(3)}
            assert ends == {Path(os.devnull)}
        assert "begin one" in running.hotctl("logs", "long_op").out
        assert running.stop() == 0


def test_a_log_that_nobody_reads_holds_up_no_reload(full_pipe: int) -> None:
    """The engine logs what it does; it must not wait for a pager that was stopped."""
    with daemon(waiter("one"), err=full_pipe) as running:
        running.write("long_op.py", waiter("two"))
        assert running.hotctl("reload", "long_op").status == 0
        assert running.module()["generation"] == 2
        assert running.stop() == 0


def test_output_that_nobody_reads_does_not_keep_the_daemon_from_ending(full_pipe: int) -> None:
    """An instance stands in its print for ever; SIGTERM ends the daemon at its deadline all the same."""
    with daemon(SPAM, out=full_pipe) as running:
        assert running.stop(signal.SIGTERM, timeout=15) == 0
