"""One daemon for one socket and one state folder.

Take the lock first, then the socket: only who holds ``control.sock.lock`` may decide that ``control.sock`` is a
left-over, else two daemons that start together each remove the other's.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

from hotd.contract.errors import AlreadyRunning, BadConfig
from hotd.host.forks import forget_in_child
from hotd.host.printable import printable

_TAKES_NOTHING = {errno.EROFS, errno.ENOSPC, errno.EDQUOT}

_PATIENCE = 1.0
"""Seconds for a socket to take the probe: a full backlog is somebody alive and busy."""


def lock_of(socket_path: str | os.PathLike[str]) -> Path:
    """``/run/hotd/control.sock`` -> ``/run/hotd/control.sock.lock``."""
    path = Path(socket_path)
    return path.with_name(path.name + ".lock")


class InstanceLock:
    """The lock that a daemon holds as long as it lives, however it ends: the kernel lets go of it.

    An flock, because it belongs to the open file and neither to a pid that somebody else may have by now nor, as
    POSIX record locks do, to whoever closes the file next. The pid inside is only what the second one is told.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take it. Raises AlreadyRunning with the pid of who has it; BadConfig where the file cannot be made.

        A lock left behind by a crash is held by nobody and taken like a new one. The folder must exist.
        """
        if self._fd is not None:
            return
        while (fd := self._taken()) is None:
            pass
        with contextlib.suppress(OSError):  # a full disk: the lock holds without the pid, which only informs
            pid = b"%d\n" % os.getpid()
            os.pwrite(fd, pid, 0)
            os.ftruncate(fd, len(pid))
        self._fd = fd
        forget_in_child(self)

    def release(self) -> None:
        """Let go of it and remove the file. Not to have it is fine."""
        if self._fd is None:
            return
        with contextlib.suppress(OSError):  # the folder may be gone (RuntimeDirectory=), and the file with it
            if self._is_still(self._fd):
                self._path.unlink()
        os.close(self._fd)
        self._fd = None

    def forget(self) -> None:
        """In a forked child: close our copy. The lock stays with the parent, and dies with it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _taken(self) -> int | None:
        """The locked file; None where it was removed under us and the try is to be repeated."""
        try:
            # 0600: whoever can open the file can lock it, and so keep every daemon from starting.
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        except OSError as trouble:
            if trouble.errno in _TAKES_NOTHING and self._path.parent.is_dir():
                return self._folder_taken()
            raise BadConfig(
                f"cannot open the lock file {printable(str(self._path))}: {trouble.strerror}",
                hint="let the daemon's user write there, or configure another socket or state_dir",
            ) from trouble
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # We open the file of a daemon that is about to end; it removes the file and lets go; we lock what has no
            # name any more, and a third one locks a new file of that name: two daemons. Hence: the name must still
            # mean this file.
            if self._is_still(fd):
                return fd
        except BlockingIOError:
            holder = _pid_in(fd)
            os.close(fd)
            raise _already(holder, f"holds {self._path}") from None
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        return None

    def _folder_taken(self) -> int:
        """The folder itself, locked: on a disk that takes no new file, and must not keep a daemon from serving."""
        fd = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise _already(None, f"holds {self._path.parent}") from None
        return fd

    def _is_still(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._path.lstat())
        except FileNotFoundError:
            return False


def claim_socket(path: str | os.PathLike[str]) -> None:
    """Clear the way for binding a Unix stream socket at ``path``; call it with ``lock_of(path)`` held.

    A socket file that nobody listens on is removed: a killed daemon leaves one, and bind would fail on it for ever.
    Raises AlreadyRunning, with the pid where the kernel tells it, for one that answers; BadConfig for anything else
    of that name, which is never touched.
    """
    path = Path(path)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as trouble:
        raise _unusable(path, f"cannot be looked at: {trouble.strerror}") from trouble
    if not stat.S_ISSOCK(found.st_mode):
        raise _unusable(path, "is there already and is not a socket; it was left alone")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except (TimeoutError, BlockingIOError):  # its backlog is full
            raise _already(None, f"listens on {path}") from None
        except OSError as trouble:
            if trouble.errno == errno.EPROTOTYPE:
                raise _unusable(path, "is a socket of another type, so not ours; it was left alone") from trouble
            raise _unusable(path, f"is a socket that cannot be asked: {trouble.strerror or trouble}") from trouble
        else:
            raise _already(_peer_pid(probe), f"listens on {path}")


def _peer_pid(connected: socket.socket) -> int | None:
    """Who called listen on the other end; None for a process of a pid namespace that ours does not see (0)."""
    pid, _uid, _gid = struct.unpack("iII", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid or None


def _pid_in(fd: int) -> int | None:
    """The pid in a lock file; None where its holder has not written it yet."""
    with contextlib.suppress(OSError, ValueError):
        return int(os.pread(fd, 32, 0))
    return None


def _already(pid: int | None, what: str) -> AlreadyRunning:
    who = "another process" if pid is None else f"pid {pid}"
    end = "end it" if pid is None else f"end it (kill {pid})"
    return AlreadyRunning(
        f"hotd is already running here: {who} {printable(what)}",
        hint=f"talk to it (hotctl status), {end}, or give this one a socket and state_dir of its own",
    )


def _unusable(path: Path, why: str) -> BadConfig:
    return BadConfig(
        f"{printable(str(path))} {why}",
        hint="remove it yourself if nobody needs it, or configure another [control] socket",
    )
