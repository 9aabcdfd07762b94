"""Sockets that systemd, or whoever speaks its protocol (sd_listen_fds(3)), opened before this process began.

They stay its: we accept on them and close our copy. To shut one down, or to remove its file, would end it for systemd
too, and for the daemon that comes after this one.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass

from hotd.host.printable import printable

log = logging.getLogger(__name__)

FIRST = 3
"""The descriptors begin behind the three standard ones."""
UNNAMED = "unknown"
"""What systemd calls a socket that its unit gives no name."""
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One listening socket, and FileDescriptorName= of its unit."""

    name: str
    sock: socket.socket

    @property
    def path(self) -> str | None:
        """Of a Unix stream socket in the file system; None for all others."""
        where = self.sock.getsockname() if self.sock.family == socket.AF_UNIX else None
        return where if self.sock.type == socket.SOCK_STREAM and isinstance(where, str) and where else None


def handed_over(env: MutableMapping[str, str]) -> tuple[HandedOver, ...]:
    """The listening sockets that were handed to this very process, each closed on exec from now on.

    The variables are taken out of ``env``: a child that inherits them would take its own descriptors for sockets.
    """
    pid, count, names = (env.pop(variable, "") for variable in _VARIABLES)
    if not count:
        return ()
    if pid != str(os.getpid()):
        _warn("sockets were handed to pid %s and not to this one: begin the daemon with exec", printable(pid))
        return ()
    if not (count.isascii() and count.isdecimal() and len(count) < 10):
        _warn("LISTEN_FDS says %r, which is no number: no socket is taken for handed over", printable(count[:20]))
        return ()
    number = int(count)
    named = names.split(":") if names else []
    found = []
    for place in range(number):
        if not _is_open(FIRST + place):
            _warn("LISTEN_FDS says that %s were handed over, and there are fewer", count)
            break
        name = named[place] if place < len(named) else UNNAMED
        if (sock := _listening(FIRST + place)) is not None:
            found.append(HandedOver(name, sock))
        else:
            _warn("what was handed over as %r is no listening socket: nobody answers on it", printable(name))
    return tuple(found)


def _warn(what: str, value: str) -> None:
    log.warning(what, value, extra={"event": "config.warning"})


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _listening(descriptor: int) -> socket.socket | None:
    """None for what is no listening socket; that is left alone, but for children."""
    try:
        os.set_inheritable(descriptor, False)
        sock = socket.socket(fileno=descriptor)
    except OSError:
        return None
    try:
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return sock
    except OSError:
        pass
    sock.detach()
    return None
