"""How a verb and its text reach a daemon. RPyC is imported here only, and only once there is somebody to speak to."""

from __future__ import annotations

from typing import Protocol

from hotd.contract.address import Address, UnixAddress
from hotd.contract.errors import UsageError


class Transport(Protocol):
    """A way to one daemon. One call at a time; connects when it is first needed, and again where it was cut."""

    def call(self, verb: str, text: str, *, deadline: float) -> str:
        """The daemon's answer to one verb. ``deadline``, on the monotonic clock, is for all of it.

        Raises Unreachable, NotPermitted, ProtocolMismatch, BadRequest.
        """

    def close(self) -> None:
        """Twice is fine."""


def open_transport(address: Address, *, timeout: float, looked_at: tuple[str, ...] = ()) -> Transport:
    """``timeout`` in seconds, for connecting; ``looked_at`` are the places to name where nobody is found.

    Raises UsageError for an address of a kind that this version cannot reach.
    """
    if isinstance(address, UnixAddress):
        from hotctl.transport.unix import UnixTransport

        return UnixTransport(address.path, timeout, looked_at=looked_at)
    raise UsageError(
        f"{address}: addresses with {address.scheme}: come in a later version",
        hint="run hotctl on that machine, as in: ssh HOST hotctl status",
    )
