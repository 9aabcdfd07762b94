"""``hotctl restart TARGET``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason
from hotd.contract.requests import Restart


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", help="a module, or one instance")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Restart(args.target, reason=args.reason, if_generation=args.if_generation)))
