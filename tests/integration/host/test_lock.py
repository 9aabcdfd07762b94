from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from hotd.contract.errors import AlreadyRunning, BadConfig
from hotd.host.lock import InstanceLock, claim_socket, lock_of
from tests.integration.host.script import Script

HOLD = """
    import signal, sys
    from hotd.host.lock import InstanceLock
    lock = InstanceLock(sys.argv[1])
    lock.acquire()
    print("holds")
    signal.pause()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return lock_of(tmp_path / "control.sock")


def test_the_lock_of_a_socket_lies_beside_it() -> None:
    """Two daemons with one socket meet at one lock."""
    assert lock_of("/run/hotd/control.sock") == Path("/run/hotd/control.sock.lock")


def test_the_second_daemon_is_told_who_the_first_is(path: Path) -> None:
    """The message has the pid and the path, the hint what to do."""
    with Script(HOLD, str(path)) as first:
        assert first.says() == "holds"

        with pytest.raises(AlreadyRunning) as refused:
            InstanceLock(path).acquire()

        assert str(first.process.pid) in refused.value.message
        assert str(path) in refused.value.message
        assert f"kill {first.process.pid}" in (refused.value.hint or "")


def test_a_killed_daemon_leaves_no_obstacle(path: Path) -> None:
    """After kill -9 the next one just starts, though the file is still there."""
    with Script(HOLD, str(path)) as first:
        assert first.says() == "holds"
    assert path.exists()

    with InstanceLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_child_forked_by_user_code_does_not_keep_the_lock(path: Path) -> None:
    """multiprocessing forks: an orphan of a killed daemon must not keep the next one from starting."""
    fork = HOLD.replace("signal.pause()", "import os; os.write(1, b'%d\\n' % os.fork()); signal.pause()")
    with Script(fork, str(path)) as first:
        assert first.says() == "holds"
        child = max(int(first.says()), int(first.says()))  # the child has said 0: its hooks are over
        first.process.kill()
        first.process.wait()
        try:
            with InstanceLock(path):
                os.kill(child, 0)  # alive all the time
        finally:
            os.kill(child, signal.SIGKILL)


def test_release_removes_the_file_and_makes_room(path: Path) -> None:
    """A daemon that ends in peace leaves nothing behind."""
    lock = InstanceLock(path)
    lock.acquire()
    lock.acquire()  # twice is once
    lock.release()
    lock.release()

    assert not path.exists()
    with InstanceLock(path):
        pass


def test_release_leaves_the_lock_of_somebody_else_alone(path: Path) -> None:
    """Where our file was removed by hand and another daemon made its own, that one is not ours to remove."""
    first = InstanceLock(path)
    first.acquire()
    path.unlink()
    with InstanceLock(path):
        first.release()

        assert path.exists()
        with pytest.raises(AlreadyRunning):
            InstanceLock(path).acquire()


class Overtaken(InstanceLock):
    """Opens the file of a daemon that, just then, removes it and lets go."""

    overtaken = False

    def _is_still(self, fd: int) -> bool:
        if not self.overtaken:
            self.overtaken = True
            self._path.unlink()
        return super()._is_still(fd)


def test_a_lock_on_a_file_without_a_name_does_not_count(path: Path) -> None:
    """Else a third daemon would lock a new file of that name, and two would run."""
    lock = Overtaken(path)
    lock.acquire()

    assert lock.overtaken
    assert path.read_text() == f"{os.getpid()}\n"
    with pytest.raises(AlreadyRunning):
        InstanceLock(path).acquire()
    lock.release()


def test_nobody_else_can_hold_the_lock_file_open(path: Path) -> None:
    """Who can open the file can lock it, and keep every daemon from starting."""
    with InstanceLock(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_lock_is_not_inherited_over_exec(path: Path) -> None:
    """A subprocess of hosted code does not have the descriptor."""
    with InstanceLock(path) as lock:
        assert lock._fd is not None
        assert not os.get_inheritable(lock._fd)


@pytest.mark.parametrize("kind", ["no folder", "folder", "symlink"])
def test_a_lock_that_cannot_be_made_is_a_sentence(tmp_path: Path, kind: str) -> None:
    """What is wrong with the place is said with the path, and nothing there is touched."""
    path, precious = tmp_path / "lock", tmp_path / "precious"
    precious.write_text("mine")
    if kind == "no folder":
        path = tmp_path / "absent" / "lock"
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(precious)

    with pytest.raises(BadConfig, match="cannot open the lock file") as refused:
        InstanceLock(path).acquire()

    assert str(path) in refused.value.message
    assert precious.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="only root may mount")
def test_a_disk_without_room_for_a_lock_does_not_keep_a_daemon_from_serving(tmp_path: Path) -> None:
    """The folder is locked in its place, and a second daemon is refused all the same."""
    full = ["mount", "-t", "tmpfs", "-o", "nr_inodes=1", "none", str(tmp_path)]
    subprocess.run(full, check=True)
    try:
        with InstanceLock(tmp_path / "hotd.lock"):
            with pytest.raises(AlreadyRunning, match=str(tmp_path)):
                InstanceLock(tmp_path / "hotd.lock").acquire()
            assert not list(tmp_path.iterdir())
        with InstanceLock(tmp_path / "hotd.lock"):
            pass
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def bound(address: Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(str(address))
    return made


def test_a_free_name_needs_nothing(address: Path) -> None:
    """The first start on a machine."""
    claim_socket(address)

    assert not address.exists()


def test_the_socket_of_a_killed_daemon_is_removed(address: Path) -> None:
    """bind would fail on it for ever."""
    bound(address).close()

    claim_socket(address)

    assert not address.exists()


def test_a_socket_that_answers_is_somebody(address: Path) -> None:
    """A daemon without our lock, or another program: its pid is told, and it goes on undisturbed."""
    with bound(address) as alive:
        alive.listen()

        with pytest.raises(AlreadyRunning, match=rf"pid {os.getpid()} listens on {address}"):
            claim_socket(address)

    assert address.exists()


def test_a_socket_with_a_full_backlog_is_somebody_too(address: Path) -> None:
    """Too busy to answer is not dead."""
    waiting = []
    with bound(address) as busy:
        busy.listen(0)
        with pytest.raises(BlockingIOError):
            while True:
                waiting.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
                waiting[-1].connect(str(address))

        with pytest.raises(AlreadyRunning, match="another process"):
            claim_socket(address)
    for client in waiting:
        client.close()

    assert address.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link to nowhere", "datagram socket"])
def test_what_is_not_our_kind_of_socket_is_never_removed(address: Path, kind: str) -> None:
    """A wrong path in the configuration must not cost a file."""
    if kind == "file":
        address.write_text("mine")
    elif kind == "folder":
        address.mkdir()
    elif kind == "link to nowhere":
        address.symlink_to("nowhere")
    else:
        bound(address, socket.SOCK_DGRAM).close()
        address.unlink()
        other = bound(address, socket.SOCK_DGRAM)

    with pytest.raises(BadConfig, match="left alone") as refused:
        claim_socket(address)

    if kind == "datagram socket":
        other.close()
    assert str(address) in refused.value.message
    assert address.is_symlink() or address.exists()


def test_a_name_below_a_file_is_a_sentence(tmp_path: Path) -> None:
    """Other troubles with the path are told as such."""
    (tmp_path / "file").touch()

    with pytest.raises(BadConfig, match="Not a directory"):
        claim_socket(tmp_path / "file" / "control.sock")
