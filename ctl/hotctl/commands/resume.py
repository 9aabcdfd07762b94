"""``hotctl resume [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_reason
from hotd.contract.requests import Resume


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "What changed meanwhile is loaded now, in its newest content only."
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only this one; without it, the whole daemon")
    takes_reason(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Resume(args.module, reason=args.reason)))
