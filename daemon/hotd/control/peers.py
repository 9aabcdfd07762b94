"""Who calls: the kernel's word for the process at the other end of a Unix socket."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from functools import cached_property

_CREDENTIALS = struct.Struct("iII")
_GROUP = struct.Struct("I")
_SO_PEERGROUPS = 59
"""Linux 4.13; the socket module has no name for it. Alpha, parisc and sparc number it otherwise."""
_MOST_BYTES = 1024
"""What ``getsockopt`` takes: 256 groups."""


class Peer:
    """A caller. ``uid`` and ``gids`` are to be trusted; ``pid`` may be somebody else's by now and is for logs only."""

    def __init__(self, uid: int, gids: frozenset[int], pid: int) -> None:
        self.uid = uid
        self.gids = gids
        self.pid = pid

    @cached_property
    def name(self) -> str:
        """As the name service has it, else ``uid 1000``."""
        return _user_name(self.uid) or f"uid {self.uid}"

    def __str__(self) -> str:
        known = _user_name(self.uid)
        return f"uid {self.uid}" + (f" ({known})" if known else "")


def peer_of(sock: socket.socket) -> Peer:
    """Who connected, as of the moment of ``connect``. Raises OSError where the kernel does not say."""
    pid, uid, gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(uid, frozenset((gid, *_groups(sock, uid, gid))), pid)


def _groups(sock: socket.socket, uid: int, gid: int) -> list[int]:
    """The caller's supplementary groups; those of the group database where the kernel's list is not to be had."""
    try:
        packed = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
    except OSError:  # more than 256 of them, or an old kernel
        name = _user_name(uid)
        return os.getgrouplist(name, gid) if name else []
    return [group for (group,) in _GROUP.iter_unpack(packed)]


def _user_name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
