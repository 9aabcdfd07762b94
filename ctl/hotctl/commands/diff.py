"""``hotctl diff MODULE N [M]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, generation
from hotd.contract.requests import Diff


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Of retired generations too. What a pipe gets, patch -p1 takes."
    parser.add_argument("module", metavar="MODULE", help="which one")
    parser.add_argument("previous", metavar="N", type=generation, help="this generation, as 7 or g7")
    parser.add_argument("to", metavar="M", type=generation, nargs="?", help="and this one (current)")


def run(args: Namespace, here: Here) -> int:
    view = here.daemon.ask(Diff(args.module, args.previous, args.to))
    if here.screen.json:
        here.screen.document(view)
        return 0
    from hotctl.view.diff import diff

    here.screen.show(*diff(view))
    return 0
