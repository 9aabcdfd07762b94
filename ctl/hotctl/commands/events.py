"""``hotctl events [-f] [--since SEQ]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, not_negative
from hotctl.view.events import event, lost
from hotd.contract.requests import LONGEST_WAIT, Events

PAGE = 200
BEFORE_FOLLOWING = 10
"""Events of the past that ``-f`` begins with, as ``tail -f`` and ``journalctl -f`` do."""


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("--since", metavar="SEQ", type=not_negative, help="all after this number of the stream")


def run(args: Namespace, here: Here) -> int:
    """Ends when all is told, or, following, when nobody reads any more."""
    after: int | None = args.since
    while not here.screen.out.closed:
        limit = BEFORE_FOLLOWING if args.follow and after is None else PAGE
        waits = LONGEST_WAIT if args.follow and after is not None else 0.0
        page = here.daemon.ask(Events(after=after, limit=limit, max_wait=waits))
        if page.lost and after is not None:
            here.screen.tell(lost(page.lost, "event"))
        if here.screen.json:
            here.screen.json_lines(page.events)
        else:
            here.screen.show(*(event(one, here.screen.now()) for one in page.events))
        if not args.follow and (after is None or not page.events):
            break
        after = page.next
    return 0
