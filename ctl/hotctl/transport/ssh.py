"""A daemon on a machine to which the user has a login: ``ssh://user@host[:port][/socket]``.

It is their own ssh that connects, with their config, keys, agent and ControlMaster; what it runs is ``hotctl proxy``.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from hotctl.transport.command import CommandTransport, told
from hotd.contract.address import SshAddress
from hotd.contract.errors import HotdError, Unreachable

REMOTE = "HOTCTL_REMOTE"
"""The variable that says what hotctl is called over there: a piece of the far shell's command line."""
FAILED = 255
"""ssh's own exit status; every other one is that of the command."""


class SshTransport(CommandTransport):
    """See ``Transport``."""

    ELSEWHERE = "start a daemon there, or say where its socket is: ssh://HOST/path/of/socket"

    def __init__(self, address: SshAddress, timeout: float, *, env: Mapping[str, str], asks: bool) -> None:
        argv = ssh_command(address, env.get(REMOTE) or "hotctl", asks=asks)
        super().__init__(argv, address.text, timeout, env=env, asks=asks)
        self._by_hand = shlex.join(["ssh", *_login(address), address.host, "hotctl", "version"])

    def _explained(self, status: int | None, said: list[str]) -> HotdError:
        if status == FAILED:
            hint = f"try the same by hand: {self._by_hand}"
            return Unreachable(told(f"{self._where}: ssh failed", said), hint=hint)
        if status == 127:
            return Unreachable(
                told(f"{self._where}: no hotctl is found there", said),
                hint=f"is hotd installed there, on the PATH of a shell without login? else ${REMOTE} says where, as in "
                f"{REMOTE}=/opt/hotd/bin/hotctl",
            )
        return super()._explained(status, said)


def ssh_command(address: SshAddress, hotctl: str, *, asks: bool) -> tuple[str, ...]:
    """``asks``: there is a terminal at which ssh can ask for a password or about a host's key; else it must fail."""
    argv = ["ssh", "-T", "-o", "RemoteCommand=none"]  # a login's RemoteCommand would be in the way of ours
    argv += [] if asks else ["-o", "BatchMode=yes"]
    far = f"{hotctl} proxy"
    if address.socket is not None:
        far += f" --socket {shlex.quote(address.socket)}"
    return (*argv, *_login(address), "--", address.host, far)


def _login(address: SshAddress) -> list[str]:
    port = ["-p", str(address.port)] if address.port is not None else []
    return port + (["-l", address.user] if address.user is not None else [])
