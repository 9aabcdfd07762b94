"""``hotctl status [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotctl.view.page import line
from hotd.contract.requests import Status


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Exits 0 whenever it could report, whatever it reports."
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only this one, in full")


def run(args: Namespace, here: Here) -> int:
    """Exit 0 whenever it could report, whatever it reports."""
    view = here.daemon.ask(Status(args.module))
    if (mine := args.client_version()) != (its := view.daemon.version):
        here.screen.tell(
            line(f"hotctl is {mine}, the daemon {its}: restart the daemon, or install the same on both sides")
        )
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
