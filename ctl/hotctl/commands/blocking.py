"""``hotctl blocking [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotd.contract.requests import Blocking


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "The stack is where it stands now; ask twice to see whether it moves. Exits 0 whatever it finds."
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only what holds up this one")


def run(args: Namespace, here: Here) -> int:
    """Exit 0 whatever it finds."""
    view = here.daemon.ask(Blocking(args.module))
    if here.screen.json:
        here.screen.document(view.reasons)
        return 0
    from hotctl.view.why import blocking

    here.screen.show(*blocking(view, here.screen.now()))
    return 0
