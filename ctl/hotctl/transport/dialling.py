"""A connection to a Unix socket, and what to tell a user who cannot get one."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import socket
import stat
from pathlib import Path

from hotctl.transport.patience import wait_until
from hotd.contract.errors import HotdError, NotPermitted, Unreachable

START = "start a daemon (hotd serve, or systemctl start hotd), or say where one is: --socket PATH or $HOTCTL_HOST"


def dialled(path: str, deadline: float, *, looked_at: tuple[str, ...] = ()) -> socket.socket:
    """A socket that is connected to the one at ``path``. Raises Unreachable, NotPermitted."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # With Python's own timeout a full queue of callers is an error at once; with the kernel's it is waited for.
        wait_until(sock, socket.SO_SNDTIMEO, deadline)
        sock.connect(path)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):
            raise _no_way(path, looked_at, error) from error
        raise
    return sock


def _no_way(path: str, looked_at: tuple[str, ...], error: OSError) -> HotdError:
    def unreachable(why: str, hint: str = START) -> Unreachable:
        looked = f" (looked at {' and '.join(looked_at)})" if looked_at else ""
        return Unreachable(f"no daemon at {path}: {why}{looked}", hint=hint)

    match error.errno:
        case errno.ENOENT if "/" not in path:
            host = path.partition(":")[0]
            return unreachable("there is no socket of that name here", f"another machine is ssh://{host}; {START}")
        case errno.ENOENT | errno.ENOTDIR:
            return unreachable("there is no socket there")
        case errno.ECONNREFUSED if not _is_socket(path):
            return unreachable("that is a file, and not a socket")
        case errno.ECONNREFUSED:
            return unreachable("nobody listens behind the socket; a daemon that was killed left it there")
        case errno.EPROTOTYPE:
            return unreachable("that is the socket of something else")
        case None | errno.EAGAIN:
            return unreachable("it does not take the connection: alive and very busy, or hung")
        case errno.EACCES | errno.EPERM:
            return _not_permitted(path)
    return unreachable(error.strerror or str(error))


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
    group, members = _group(found.st_gid)
    user = _user_name(os.geteuid())
    since_login = user in members and found.st_gid not in (os.getegid(), *os.getgroups())
    return NotPermitted(
        f"{caller} may not use the socket {path}: it has mode {stat.S_IMODE(found.st_mode):04o}, "
        f"owner {_user_name(found.st_uid)}, group {group}",
        hint=_way_in(found.st_mode, group, user, since_login=since_login),
    )


def _way_in(mode: int, group: str, user: str, *, since_login: bool) -> str:
    """``since_login``: the group has the user by now, and the session began before."""
    if not mode & stat.S_IWGRP:
        return 'run this as its owner, or let a group in: mode = "0660" under [control] in hotd.toml'
    if since_login:
        return f"log in again: {user} belongs to {group} by now, this session does not"
    return f"join the group: sudo usermod -aG {group} {user}, and log in again"


def _user_name(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _group(gid: int) -> tuple[str, list[str]]:
    """Its name and its members."""
    with contextlib.suppress(KeyError):
        found = grp.getgrgid(gid)
        return found.gr_name, found.gr_mem
    return str(gid), []
