"""``hotctl make-permanent MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason
from hotd.contract.requests import MakePermanent


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "By itself that happens after auto_permanent of stable service; undo and pin do it, too."
    parser.add_argument("module", metavar="MODULE", help="which one")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = MakePermanent(args.module, reason=args.reason, if_generation=args.if_generation)
    return here.report(here.daemon.ask(request))
