"""``hotctl undo MODULE [--to N]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, generation, takes_if_generation, takes_reason
from hotd.contract.requests import Undo


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "One reference is swapped, whatever the disk holds. What was undone is loaded again when it changes, "
        "or with reload --force."
    )
    parser.add_argument("module", metavar="MODULE", help="which one")
    parser.add_argument("--to", metavar="N", type=generation, help="to generation N, as 7 or g7")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = Undo(args.module, args.to, reason=args.reason, if_generation=args.if_generation)
    return here.report(here.daemon.ask(request))
