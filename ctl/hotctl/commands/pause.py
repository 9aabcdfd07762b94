"""``hotctl pause [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_reason
from hotd.contract.requests import Pause


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Changes are recorded meanwhile, and shown as out of sync; instances go on."
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only this one; without it, the whole daemon")
    takes_reason(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Pause(args.module, reason=args.reason)))
