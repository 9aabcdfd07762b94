"""``hotctl why MODULE [N]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, generation
from hotd.contract.requests import Why


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Looks for whoever holds a leak, which may take some seconds. Exits 0 whatever it finds."
    parser.add_argument("module", metavar="MODULE", help="what it is about")
    parser.add_argument(
        "generation", metavar="N", nargs="?", type=generation, help="one of its generations, as 7 or g7"
    )


def run(args: Namespace, here: Here) -> int:
    """Exit 0 whatever it finds."""
    with here.screen.busy("looking"):
        view = here.daemon.ask(Why(args.module, args.generation))
    if here.screen.json:
        here.screen.document(view)
        return 0
    from hotctl.view.why import why

    here.screen.show(*why(view, here.screen.now()))
    return 0
