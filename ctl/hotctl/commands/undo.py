"""``hotctl undo MODULE [--to N]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import FIRST_ANSWER, Here, generation, takes_if_generation, takes_reason, takes_timeout
from hotd.contract.requests import Undo


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "One reference is swapped, whatever the disk holds; a generation that left memory is loaded from the store. "
        "What was undone is loaded again when it changes, or with reload --force."
    )
    parser.add_argument("module", metavar="MODULE", help="which one")
    parser.add_argument("--to", metavar="N", type=generation, help="to generation N, as 7 or g7")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    wait = min(FIRST_ANSWER, args.timeout)
    request = Undo(args.module, args.to, reason=args.reason, if_generation=args.if_generation, max_wait=wait)
    return here.roll_out(request, verb="undo", doing=f"undoing {args.module}", timeout=args.timeout)
