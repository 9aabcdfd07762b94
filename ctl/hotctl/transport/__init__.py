"""How a verb and its text reach a daemon. RPyC is imported here only, and only once there is somebody to speak to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, assert_never

from hotd.contract.address import Address, ExecAddress, SshAddress, TlsAddress, UnixAddress


class Transport(Protocol):
    """A way to one daemon. One call at a time; connects when it is first needed, and again where it was cut."""

    def call(self, verb: str, text: str, *, deadline: float) -> str:
        """The daemon's answer to one verb. ``deadline``, on the monotonic clock, is for all of it.

        Raises Unreachable, NotPermitted, ProtocolMismatch, BadRequest.
        """

    def close(self) -> None:
        """Twice is fine."""


def open_transport(
    address: Address, *, timeout: float, env: Mapping[str, str], looked_at: tuple[str, ...] = ()
) -> Transport:
    """``timeout`` in seconds, for connecting; ``looked_at`` are the places to name where nobody is found.

    ``env`` is for the commands that are run, and says what hotctl is called on other machines.
    """
    match address:
        case UnixAddress(path):
            from hotctl.transport.unix import UnixTransport

            return UnixTransport(path, timeout, looked_at=looked_at)
        case ExecAddress(argv, text):
            from hotctl.transport.command import CommandTransport, has_terminal

            return CommandTransport(argv, text, timeout, env=env, asks=has_terminal())
        case SshAddress():
            from hotctl.transport.command import has_terminal
            from hotctl.transport.ssh import SshTransport

            return SshTransport(address, timeout, env=env, asks=has_terminal())
        case TlsAddress():
            from hotctl.transport.tls import TlsTransport

            return TlsTransport(address, timeout, env)
    assert_never(address)
