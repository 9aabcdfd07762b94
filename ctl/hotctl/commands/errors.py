"""``hotctl errors MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, positive
from hotd.contract.requests import Errors


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Newest last, as in a log."
    parser.add_argument("module", metavar="MODULE", help="whose failures")
    parser.add_argument("-n", dest="limit", metavar="N", type=positive, default=20, help="how many, the newest (20)")


def run(args: Namespace, here: Here) -> int:
    view = here.daemon.ask(Errors(args.module, args.limit))
    if here.screen.json:
        here.screen.document(view.errors)
        return 0
    from hotctl.view.failures import failures
    from hotctl.view.page import line

    here.screen.show(*failures(view, here.screen.now()))
    if not view.errors:
        here.screen.tell(line(f"{args.module} has no errors"))
    return 0
