"""``hotctl proxy``: what ssh runs on the far side. Speaks to no verb, and needs nobody's terminal."""

from __future__ import annotations

import contextlib
import os
import time
from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotctl.session import chosen_address

STDIN, STDOUT = 0, 1
CONNECT = 10.0
"""Seconds for the daemon to take the connection."""


def configure(parser: ArgumentParser) -> None:
    """No arguments."""
    parser.epilog = (
        "Carries what another hotctl says on standard input to the daemon of this machine, and its answers to standard "
        "output, as in: hotctl --host 'exec:docker exec -i NAME hotctl proxy' status. Ends when either side does."
    )


def run(args: Namespace, here: Here) -> int:
    """0 once one side has ended; what is wrong is told on standard error, for standard output is not for words."""
    from hotctl.transport.dialling import dialled
    from hotctl.transport.relay import relay
    from hotd.contract.address import UnixAddress, find_address
    from hotd.contract.errors import UsageError

    if args.json:
        raise UsageError("proxy answers nothing itself, so there is nothing for --json")
    if os.isatty(STDIN) or os.isatty(STDOUT):
        raise UsageError(
            "proxy is for another hotctl to speak to, not for a terminal",
            hint="hotctl --host 'exec:COMMAND hotctl proxy' status, where COMMAND leads to this machine",
        )
    address, looked_at = find_address(
        given=chosen_address(args.socket, args.host), env=os.environ, uid=os.getuid(), exists=os.path.exists
    )
    if not isinstance(address, UnixAddress):
        raise UsageError(
            f"proxy leads to a daemon of this machine, and {address} is on another",
            hint="unset $HOTCTL_HOST here, or give --socket PATH",
        )
    with contextlib.closing(dialled(address.path, time.monotonic() + CONNECT, looked_at=tuple(looked_at))) as sock:
        relay(sock, STDIN, STDOUT)
    return 0
