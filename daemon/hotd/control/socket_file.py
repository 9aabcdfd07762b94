"""The file of the control port's socket: made, given to those who may connect, taken away; unless it is not ours."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from hotd.contract.address import LONGEST_SOCKET_PATH
from hotd.contract.errors import AlreadyRunning, BadConfig, HotdError
from hotd.contract.quoting import shown
from hotd.control.listener import Listener


class SocketFile:
    """One that was ``inherited`` listens at the path already: it is neither given away nor removed."""

    def __init__(self, path: str, *, mode: int, gid: int | None, inherited: socket.socket | None) -> None:
        """``gid=None`` leaves it the daemon's own group."""
        self._path = path
        self._mode = mode
        self._gid = gid
        self._inherited = inherited
        self._inode: tuple[int, int] | None = None

    def bound(
        self,
        *,
        starved: Callable[[OSError], None],
        log: logging.Logger,
        queue: int,
    ) -> Listener:
        """What accepts on it, for the daemon's user alone so far. Raises BadConfig, or AlreadyRunning for a file that
        is there."""
        if len(os.fsencode(self._path)) > LONGEST_SOCKET_PATH:
            raise BadConfig(
                f"the socket path is {len(os.fsencode(self._path))} bytes long, "
                f"the kernel takes {LONGEST_SOCKET_PATH}: {self._path}",
                hint="set a shorter socket under [control]",
            )
        try:
            return Listener(self._path, starved=starved, log=log, queue=queue, inherited=self._inherited)
        except OSError as error:
            raise _bind_error(self._path, error) from error

    def open(self) -> None:
        """Let in who may connect. Raises BadConfig."""
        if self._inherited is None:
            self._inode = _inode(self._path)
            self._hand_over()

    def give(self, *, mode: int, gid: int | None) -> None:
        """Give the socket another mode and group. Raises BadConfig, and then it has those it had.

        One that is somebody else's is left as it is.
        """
        if self._inherited is not None:
            return
        before, after = (self._mode, self._gid), (mode, gid)
        try:
            self._mode, self._gid = after
            self._hand_over()
        except BadConfig:
            self._mode, self._gid = before
            self._hand_over()
            raise

    def _hand_over(self) -> None:
        """Group first, mode last: the wrong group never had the mode of the right one."""
        try:
            if self._gid is not None:
                os.chown(self._path, -1, self._gid)
            Path(self._path).chmod(self._mode)
        except OSError as error:
            raise BadConfig(
                f"cannot give the socket {self._path} group {self._gid} and mode {self._mode:04o}: {error.strerror}",
                hint="the daemon's user must belong to the group that [control] names",
            ) from error

    def unlink(self) -> None:
        """Only if the file is still ours: another daemon may have taken the place of a removed one."""
        with contextlib.suppress(OSError):
            if self._inode is not None and _inode(self._path) == self._inode:
                Path(self._path).unlink()
        self._inode = None


def _inode(path: str) -> tuple[int, int]:
    found = Path(path).lstat()
    return found.st_dev, found.st_ino


def _bind_error(path: str, error: OSError) -> HotdError:
    folder = Path(path).parent
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return BadConfig(
                f"there is no folder {folder} for the control socket", hint=f"mkdir -p {shown(str(folder))}"
            )
        case PermissionError():
            return BadConfig(
                f"the daemon's user may not make a socket in {folder}",
                hint="set socket under [control], or let the daemon's user write there",
            )
    if error.errno == errno.EADDRINUSE:
        return AlreadyRunning(
            f"there is a file {path} already", hint="another daemon's socket? hotctl status asks it; else remove it"
        )
    return BadConfig(f"cannot bind {path}: {error.strerror or error}", hint="set another socket under [control]")
