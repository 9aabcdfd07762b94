"""Who calls: the kernel's word for the process at the other end of a Unix socket, or the certificate it showed."""

from __future__ import annotations

import os
import pwd
import socket
import struct
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

_CREDENTIALS = struct.Struct("iII")
_GROUP = struct.Struct("I")
_SO_PEERGROUPS = 59
"""Linux 4.13; the socket module has no name for it. Alpha, parisc and sparc number it otherwise."""
_MOST_BYTES = 1024
"""What ``getsockopt`` takes: 256 groups."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What our own authority has signed of somebody on another machine."""

    names: tuple[str, ...]
    """The subject's common name first, then the alternative names. Never empty."""
    address: str
    """Where it called from, for logs only."""
    serial: int = 0
    revoked: bool = False
    """It is let in to be told so, and has no role."""


class Peer:
    """A caller: a user of this machine, or a certificate's holder on another one, who is no user here at all.

    ``uid`` and ``gids``, or the certificate, are to be trusted; ``pid`` may be somebody else's by now and is for logs
    only.
    """

    def __init__(
        self, uid: int | None, gids: frozenset[int], pid: int | None, certificate: Certificate | None = None
    ) -> None:
        """``uid`` and ``pid`` are None where there is a certificate, and only there."""
        self.uid = uid
        self.gids = gids
        self.pid = pid
        self.certificate = certificate

    @cached_property
    def name(self) -> str:
        """As the name service has it, else ``uid 1000``; ``cert:NAME`` of who came by a certificate."""
        if self.certificate is not None:
            return f"cert:{self.certificate.names[0]}"
        return _user_name(self.uid) or f"uid {self.uid}"

    @property
    def identity(self) -> int | str | None:
        """What tells it from others: the uid, or the certificate's name."""
        return self.uid if self.certificate is None else self.name

    @property
    def fields(self) -> dict[str, Any]:
        """For a line of the log."""
        if self.certificate is not None:
            return {"certificate": self.certificate.names[0], "address": self.certificate.address}
        return {"uid": self.uid, "pid": self.pid}

    def turned_away(self) -> Peer:
        """The same caller with a certificate that has been revoked."""
        assert self.certificate is not None
        return Peer(None, frozenset(), None, replace(self.certificate, revoked=True))

    def __str__(self) -> str:
        if self.certificate is not None:
            return f"{self.name} at {self.certificate.address}"
        known = _user_name(self.uid)
        return f"uid {self.uid}" + (f" ({known})" if known else "")


def peer_of(sock: socket.socket) -> Peer:
    """Who connected, as of the moment of ``connect``. Raises OSError where the kernel does not say."""
    pid, uid, gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(uid, frozenset((gid, *_groups(sock, uid, gid))), pid)


def known(sock: socket.socket) -> tuple[Peer | None, str]:
    """What is known before a word was said: who it is, for a user of this machine; and whom it counts for, that user or
    the other machine. Raises OSError where the kernel does not say."""
    if sock.family == socket.AF_UNIX:
        peer = peer_of(sock)
        return peer, f"uid {peer.uid}"
    return None, str(sock.getpeername()[0])


def _groups(sock: socket.socket, uid: int, gid: int) -> list[int]:
    """The caller's supplementary groups; those of the group database where the kernel's list is not to be had."""
    try:
        packed = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
    except OSError:  # more than 256 of them, or an old kernel
        name = _user_name(uid)
        return os.getgrouplist(name, gid) if name else []
    return [group for (group,) in _GROUP.iter_unpack(packed)]


def _user_name(uid: int | None) -> str | None:
    """None for one that nobody knows by name: yet, or as there is no descriptor left to look with."""
    if uid is None:
        return None
    now = time.monotonic()
    name, until = _names.get(uid, ("", 0.0))
    if now < until:
        return name
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
    _names[uid] = name, now + NAMED_FOR
    return name


NAMED_FOR = 5.0
"""Seconds for which a user's name is taken to be what it was. To look it up reads a file: between the system calls of
that a busy instance has the interpreter each time, and a caller who asks often would wait for it each time."""
_names: dict[int, tuple[str, float]] = {}
"""No more of them than there are users of this machine."""
