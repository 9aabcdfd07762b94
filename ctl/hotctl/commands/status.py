"""``hotctl status [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotd.contract.requests import Status


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only this one, in full")


def run(args: Namespace, here: Here) -> int:
    """Exit 0 whenever it could report, whatever it reports."""
    view = here.daemon.ask(Status(args.module))
    if here.screen.json:
        here.screen.document(view)
        return 0
    if args.module is not None:
        from hotctl.view.module import module

        here.screen.show(*module(view, here.screen.now()))
        return 0
    from hotctl.view.status import status

    here.screen.show(*status(view, here.screen.now()))
    return 0
