"""``hotctl start MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason
from hotd.contract.requests import Start


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Also fills the places of instances whose work was done (restart = on-failure or never)."
    parser.add_argument("module", metavar="MODULE", help="which one")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Start(args.module, reason=args.reason, if_generation=args.if_generation)))
