"""``hotctl generations MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotd.contract.requests import Generations


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Newest first, retired and rejected ones too."
    parser.add_argument("module", metavar="MODULE", help="whose generations")
    parser.add_argument("--parts", action="store_true", help="below each, what was executed for it")


def run(args: Namespace, here: Here) -> int:
    view = here.daemon.ask(Generations(args.module))
    if here.screen.json:
        here.screen.document(view.generations)
        return 0
    from hotctl.view.generations import generations
    from hotctl.view.page import line

    here.screen.show(*generations(view, here.screen.now(), parts=args.parts))
    if not view.generations:
        here.screen.tell(line(f"{args.module} has no generation yet"))
    return 0
