"""What systemd is told (sd_notify(3)), by hand: the protocol is promised stable and no library speaks all of it."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import MutableMapping

from hotd.host.printable import printable

_log = logging.getLogger(__name__)

_STATUS_BYTES = 1024
"""systemd ignores a whole datagram above 4096 bytes (PIPE_BUF): READY=1 must not be lost to a long STATUS."""

_PATIENCE = 0.5
"""Seconds to wait where systemd's queue is full. What is not sent then is lost: telling must not stop the doing."""


class Notifier:
    """Tells systemd of the daemon's life; without systemd every call is a no-op. Never raises; safe from any thread.

    NOTIFY_SOCKET is taken out of ``env``: a child that inherits it could speak in the daemon's name.
    """

    def __init__(self, env: MutableMapping[str, str]) -> None:
        self._address = _address(env.pop("NOTIFY_SOCKET", ""))

    @property
    def listening(self) -> bool:
        """Whether somebody asked to be told."""
        return self._address is not None

    def ready(self, status: str = "") -> None:
        """Started, or back from ``reloading``: the daemon serves."""
        self._send("READY=1", _status(status))

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(_status(text))

    def reloading(self) -> None:
        """A reload begins. ``ready`` must follow, also after a failure: send it in a ``finally``.

        Otherwise the unit stays "reloading" until its start timeout. The stamp is what Type=notify-reload asks for.
        """
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        """The daemon ends, and starts nothing any more."""
        self._send("STOPPING=1", _status(status))

    def extend_timeout(self, seconds: float) -> None:
        """Ask for so many seconds more, from now on, for the start, reload or stop that is under way."""
        self._send(f"EXTEND_TIMEOUT_USEC={max(0, round(seconds * 1_000_000))}")

    def _send(self, *fields: str) -> None:
        datagram = "\n".join(field for field in fields if field).encode()
        if self._address is None or not datagram:
            return
        try:
            # One socket for one datagram, as sd_notify does it: nothing to close, nothing to inherit, nothing shared.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(_PATIENCE)
                channel.sendto(datagram, self._address)
        except OSError as trouble:
            _log.debug("systemd was not told %s: %s", fields[0], trouble)


def _address(name: str) -> bytes | None:
    """The address of a Unix socket: a path, or ``@name`` of the abstract space. Others (vsock:) are not spoken here."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    if name.startswith("/"):
        return os.fsencode(name)
    if name:
        _log.debug("NOTIFY_SOCKET=%s is no Unix socket; systemd is not told anything", name)
    return None


def _status(text: str) -> str:
    """The STATUS field, or nothing for an empty text; cut between two characters, and the cut shown."""
    line = printable(text).strip()
    if len(line.encode()) > _STATUS_BYTES:
        line = line.encode()[: _STATUS_BYTES - len("…".encode())].decode(errors="ignore") + "…"
    return f"STATUS={line}" if line else ""
