"""``hotctl history [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, positive
from hotd.contract.requests import History


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Newest first. Checks and dry runs are not in it."
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only rollouts that touched it")
    parser.add_argument("--parts", action="store_true", help="below each rollout, what was executed")
    parser.add_argument("-n", dest="limit", metavar="N", type=positive, default=50, help="how many, the newest (50)")


def run(args: Namespace, here: Here) -> int:
    view = here.daemon.ask(History(args.module, args.limit))
    if here.screen.json:
        here.screen.document(view.revisions)
        return 0
    from hotctl.view.history import history
    from hotctl.view.page import line

    here.screen.show(*history(view, here.screen.now(), parts=args.parts))
    if not view.revisions:
        here.screen.tell(line("nothing was rolled out yet"))
    return 0
