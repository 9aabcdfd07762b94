"""A daemon behind a Unix socket, and what to tell a user who cannot reach it."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import socket
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hotctl.transport.patience import wait_until
from hotd.contract.errors import BadRequest, HotdError, NotPermitted, ProtocolMismatch, Unreachable
from hotd.contract.protocol import LONGEST_REQUEST
from hotd.contract.verbs import VERBS

if TYPE_CHECKING:
    from hotctl.transport.connection import DaemonConnection

START = "start a daemon (hotd serve, or systemctl start hotd), or say where one is: --socket PATH or $HOTCTL_HOST"


class UnixTransport:
    """See ``Transport``. May be used from several threads: their calls are made one after another."""

    def __init__(self, path: str, timeout: float, *, looked_at: tuple[str, ...] = ()) -> None:
        self._path = path
        self._timeout = timeout
        self._looked_at = looked_at
        self._turn = threading.Lock()
        self._connection: DaemonConnection | None = None

    def call(self, verb: str, text: str, *, deadline: float) -> str:
        """The daemon's answer. An answer that does not come in time is told as Unreachable: the daemon's own waits
        are shorter, so one that is well has answered by then, if only that it is not done yet.
        """
        if len(text) > LONGEST_REQUEST - 1024:  # room for RPyC's wrapping
            raise BadRequest(f"the request is {len(text)} bytes long, a daemon takes {LONGEST_REQUEST}")
        with self._turn:
            try:
                held = self._held()
                if held is not None and not VERBS[verb].changes:
                    # The daemon may be cutting it this very moment, for having been idle: a question is asked twice.
                    with contextlib.suppress(EOFError):
                        return self._asked(held, verb, text, deadline)
                    self._drop()
                    held = None
                return self._asked(held or self._connected(deadline), verb, text, deadline)
            except EOFError:
                self._drop()
                raise Unreachable(
                    f"the daemon at {self._path} closed the connection before it answered",
                    hint="it may be ending, have too many callers, or be another program; "
                    "a change may have happened all the same: hotctl history",
                ) from None
            except BaseException:
                # Also after Ctrl-C: the answer that is still on its way must not be taken for the next one's.
                self._drop()
                raise

    def close(self) -> None:
        with self._turn:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _held(self) -> DaemonConnection | None:
        """The connection of an earlier call, if the daemon still keeps its end."""
        if self._connection is not None and self._connection.spoken_to:
            self._drop()
        return self._connection

    def _connected(self, deadline: float) -> DaemonConnection:
        sock = self._dialled(min(deadline, time.monotonic() + self._timeout))
        from hotctl.transport.connection import DaemonConnection

        self._connection = DaemonConnection(sock)
        return self._connection

    def _dialled(self, deadline: float) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # With Python's own timeout a full queue of callers is an error at once; with the kernel's it is waited for.
            wait_until(sock, socket.SO_SNDTIMEO, deadline)
            sock.connect(self._path)
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError):
                raise self._no_way(error) from error
            raise
        return sock

    def _asked(self, connection: DaemonConnection, verb: str, text: str, deadline: float) -> str:
        from hotctl.transport.connection import Garbled

        began = time.monotonic()
        try:
            return connection.ask(verb, text, deadline)
        except TimeoutError:
            raise Unreachable(
                f"the daemon at {self._path} did not answer within {time.monotonic() - began:.3g} s: busy or hung",
                hint="ask again; a change may have happened all the same: hotctl history",
            ) from None
        except Garbled as error:
            raise ProtocolMismatch(
                f"what listens on {self._path} is no hotd of this protocol: {error}",
                hint="install the same hotd on both sides, or give the daemon's socket: --socket PATH",
            ) from None

    def _no_way(self, error: OSError) -> HotdError:
        match error.errno:
            case errno.ENOENT | errno.ENOTDIR:
                return self._unreachable("there is no socket there")
            case errno.ECONNREFUSED if not _is_socket(self._path):
                return self._unreachable("that is a file, and not a socket")
            case errno.ECONNREFUSED:
                return self._unreachable("nobody listens behind the socket; a daemon that was killed left it there")
            case errno.EPROTOTYPE:
                return self._unreachable("that is the socket of something else")
            case None | errno.EAGAIN:
                return self._unreachable("it does not take the connection: alive and very busy, or hung")
            case errno.EACCES | errno.EPERM:
                return _not_permitted(self._path)
        return self._unreachable(error.strerror or str(error))

    def _unreachable(self, why: str) -> Unreachable:
        looked = f" (looked at {' and '.join(self._looked_at)})" if self._looked_at else ""
        return Unreachable(f"no daemon at {self._path}: {why}{looked}", hint=START)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return True  # gone by now: a socket it was


def _not_permitted(path: str) -> NotPermitted:
    """Whose the socket is, who asks, and what that one can do about it."""
    caller = f"uid {os.geteuid()}"
    try:
        found = Path(path).stat()
    except OSError:
        return NotPermitted(
            f"{caller} may not look into {Path(path).parent}, where the daemon's socket is",
            hint="run this as the daemon's user, or ask its admin for a way in",
        )
    group = _group_name(found.st_gid)
    if found.st_mode & stat.S_IWGRP:
        hint = f"join the group: sudo usermod -aG {group} {_user_name(os.geteuid())}, and log in again"
    else:
        hint = 'run this as its owner, or let a group in: mode = "0660" under [control] in hotd.toml'
    return NotPermitted(
        f"{caller} may not use the socket {path}: it has mode {stat.S_IMODE(found.st_mode):04o}, "
        f"owner {_user_name(found.st_uid)}, group {group}",
        hint=hint,
    )


def _user_name(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _group_name(gid: int) -> str:
    with contextlib.suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)
