"""``hotctl undo MODULE [--to N]``, ``hotctl undo --revision R``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import FIRST_ANSWER, Here, generation, positive, takes_if_generation, takes_reason, takes_timeout
from hotd.contract.errors import UsageError
from hotd.contract.requests import Undo


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "One reference is swapped, whatever the disk holds; a generation that left memory is loaded from the store. "
        "What was undone is loaded again when it changes, or with reload --force."
    )
    parser.add_argument("module", metavar="MODULE", nargs="?", help="which one")
    parser.add_argument("--to", metavar="N", type=generation, help="to generation N, as 7 or g7")
    parser.add_argument("--revision", metavar="R", type=positive, help="all that this rollout changed, as one")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    wait = min(FIRST_ANSWER, args.timeout)
    if (args.module is None) == (args.revision is None) or (args.to is not None and args.module is None):
        raise UsageError("say which module, or which --revision", hint="hotctl history lists the revisions")
    request = Undo(args.module, args.to, args.reason, args.if_generation, wait, args.revision)
    doing = f"undoing {args.module or f'revision {args.revision}'}"
    return here.roll_out(request, verb="undo", doing=doing, timeout=args.timeout)
