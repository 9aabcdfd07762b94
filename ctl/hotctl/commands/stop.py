"""``hotctl stop MODULE | INSTANCE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason
from hotd.contract.requests import Stop


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Each is asked at its next checkpoint, or through its stop_method; "
        "code with neither goes on until it ends by itself."
    )
    parser.add_argument(
        "target",
        metavar="MODULE | INSTANCE",
        help="a module, which stays stopped until `hotctl start`, or one instance, which is replaced",
    )
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Stop(args.target, reason=args.reason, if_generation=args.if_generation)))
