"""The control port's socket: one that systemd handed over, or one of our own at the place that is configured."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from hotd.config import Control
from hotd.contract.errors import BadConfig
from hotd.host.activation import HandedOver

log = logging.getLogger("hotd.app")

CONTROL = "control"
"""FileDescriptorName= of the control port's."""


def chosen(handed: Sequence[HandedOver], control: Control) -> HandedOver | None:
    """The control port's among those that were handed over; None binds one. Nobody would answer on the others.

    Raises BadConfig where it cannot be told which is meant, or where hotd.toml says another place.
    """
    named = [one for one in handed if one.name == CONTROL]
    found = named or [one for one in handed if one.path is not None]
    if not handed:
        return None
    if len(found) != 1 or found[0].path is None:
        listed = ", ".join(f"{one.name} ({one.path or one.sock.getsockname()})" for one in handed)
        raise BadConfig(
            f"which of the sockets that were handed over is the control port's? {listed}",
            hint=f"one Unix stream socket in the file system, with FileDescriptorName={CONTROL} in its unit",
        )
    (mine,) = found
    for other in handed:
        if other is not mine:
            other.sock.close()
            log.warning(
                "nobody answers on the socket %r that was handed over", other.name, extra={"event": "config.warning"}
            )
    if control.socket_written and os.path.realpath(control.socket) != os.path.realpath(mine.path or ""):
        raise BadConfig(
            f"[control] socket says {control.socket}, and the socket that was handed over is {mine.path}",
            hint="leave the key out, or give the socket unit the same path",
        )
    return mine
