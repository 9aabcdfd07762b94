"""A daemon on a socket that it was handed: it is served, and never ended."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hotctl import connect
from tests.support.daemons import Running, config, environment, folder_for_sockets, hotctl, launch, ready
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

CHILD = """
import os, stat
sockets = [fd for fd in range(3, 60) if os.path.exists(f"/proc/self/fd/{fd}") and stat.S_ISSOCK(os.fstat(fd).st_mode)]
print([name for name in os.environ if name.startswith("LISTEN")], sockets)
"""
STARTS_A_CHILD = f"""
import subprocess, sys, threading

def work():
    child = [sys.executable, "-c", {CHILD!r}]
    print(subprocess.run(child, close_fds=False, text=True, capture_output=True).stdout)
    threading.Event().wait()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "long_op.py").write_text(waiter("one"))
        text = config(hosted()).replace('socket = "s"\n', "")
        (folder / "hotd.toml").write_text(text)
        yield folder


@contextmanager
def systemd(path: Path) -> Iterator[socket.socket]:
    """What systemd does: it keeps the socket, whatever daemon comes and goes."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o640)
        listening.listen()
        yield listening


@contextmanager
def daemon_on(folder: Path, *listening: socket.socket, names: str = "control", wait: bool = True) -> Iterator[Running]:
    copies = [fcntl.fcntl(sock, fcntl.F_DUPFD, 50) for sock in listening]  # none of them is 3 or 4

    def prepare() -> None:
        for place, copy in enumerate(copies):
            os.dup2(copy, 3 + place)
        os.environ |= environment() | {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(copies))}
        os.environ["LISTEN_FDNAMES"] = names

    with (folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hotd", "serve", "--verbose", "-c", str(folder / "hotd.toml")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            pass_fds=range(3, 3 + len(copies)),
            preexec_fn=prepare,  # noqa: PLW1509 - the numbers of descriptors are the protocol
        )
    for copy in copies:
        os.close(copy)
    daemon = Running(folder, process)
    try:
        if wait:
            ready(daemon)
        yield daemon
    finally:
        process.kill()
        process.wait()


def test_a_caller_between_two_daemons_is_answered_by_the_second(folder: Path) -> None:
    """A restart refuses nobody: whoever connects meanwhile waits in the socket, which is systemd's and stays."""
    path = folder / "s"
    with systemd(path) as listening:
        with daemon_on(folder, listening) as daemon:
            assert daemon.status()["daemon"]["socket"] == str(path)
            assert daemon.hotctl("status").status == 0
            assert daemon.stop() == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o640, "mode and group are the unit's"
        said: list[Any] = []

        def ask() -> None:
            with connect(str(path), timeout=60) as client:
                said.append(client.hello().pid)

        caller = threading.Thread(target=ask)
        caller.start()
        (folder / "daemon.log").unlink()
        with daemon_on(folder, listening) as daemon:
            caller.join(60)
            assert said == [daemon.process.pid]
            daemon.process.kill()
            daemon.process.wait()
        with socket.socket(socket.AF_UNIX) as late:
            late.connect(str(path))  # nobody shut it down
    assert sorted(one.name for one in folder.iterdir() if one.name.startswith("s")) == ["s", "state"]


def test_what_a_module_starts_does_not_inherit_the_socket(folder: Path) -> None:
    """Neither its descriptor nor the variables: the child would hold it for ever."""
    (folder / "ops" / "long_op.py").write_text(STARTS_A_CHILD)
    with (
        systemd(folder / "s") as listening,
        daemon_on(folder, listening) as daemon,
        connect(str(folder / "s")) as client,
    ):
        assert daemon.process.poll() is None
        (line, *_) = eventually(lambda: [*client.logs("long_op")])
    assert line.text == "[] []"


def test_a_socket_that_hotd_toml_does_not_mean_is_refused(folder: Path) -> None:
    """Else the one would be dead, or the other: exit 78, before anything is started."""
    toml = (folder / "hotd.toml").read_text()
    (folder / "hotd.toml").write_text(toml.replace("[control]", '[control]\nsocket = "other"'))
    with systemd(folder / "s") as one, systemd(folder / "t") as two:
        with daemon_on(folder, one, wait=False) as daemon:
            assert daemon.process.wait(60) == 78
        assert f"[control] socket says {folder / 'other'}, and the socket that was handed over is" in daemon.log
        (folder / "hotd.toml").write_text(toml)
        with daemon_on(folder, one, two, names="a:b", wait=False) as daemon:
            assert daemon.process.wait(60) == 78
        assert f"which of the sockets that were handed over is the control port's? a ({folder / 's'}), b" in daemon.log
        with daemon_on(folder, one, two, names="web:control") as daemon:
            assert hotctl("--socket", str(folder / "t"), "status").status == 0
            assert "nobody answers on the socket 'web'" in daemon.log


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="comes with systemd")
def test_the_first_connect_starts_the_daemon_and_is_answered(folder: Path) -> None:
    """As with ``systemctl enable --now hotd.socket``: whoever asks first waits for the start, and sees it serve."""
    with ExitStack() as undo:
        log = undo.enter_context((folder / "daemon.log").open("ab"))
        command = ["systemd-socket-activate", "-l", str(folder / "s"), sys.executable, "-m", "hotd", "serve"]
        process = subprocess.Popen([*command, "-c", str(folder / "hotd.toml")], stderr=log, env=environment())
        undo.callback(process.wait)
        undo.callback(process.kill)
        eventually((folder / "s").exists)

        ran = hotctl("--socket", str(folder / "s"), "status", "--json")

        assert ran.status == 0 and ran.json["daemon"]["pid"] == process.pid
        process.terminate()
        assert process.wait(30) == 0
        assert (folder / "s").exists(), "the file is not ours to remove"


def test_of_several_that_start_at_once_over_a_stale_socket_one_serves(folder: Path) -> None:
    """None takes the other's socket for a left-over: the others end, and say who is there."""
    toml = folder / "hotd.toml"
    toml.write_text(toml.read_text().replace("[control]", '[control]\nsocket = "s"'))
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(folder / "s"))
        killed.listen()
    with ExitStack() as undo:
        daemons = []
        for _ in range(3):
            daemons.append(launch(folder))
            undo.callback(daemons[-1].process.wait)
            undo.callback(daemons[-1].process.kill)
        eventually(lambda: sum(one.process.poll() is not None for one in daemons) == 2, what="two have ended")
        (serving,) = (one for one in daemons if one.process.poll() is None)
        ready(serving)

        assert serving.status()["daemon"]["pid"] == serving.process.pid
        assert serving.log.count("hotd is already running here: ") == 2
