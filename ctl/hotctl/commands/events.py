"""``hotctl events [-f] [--since SEQ]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, not_negative
from hotctl.following import Pages
from hotctl.view.events import event, lost, notice
from hotd.contract import views
from hotd.contract.requests import Events

PAGE = 200
BEFORE_FOLLOWING = 10
"""Events of the past that ``-f`` begins with, as ``tail -f`` and ``journalctl -f`` do."""


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("--since", metavar="SEQ", type=not_negative, help="all after this number of the stream")


def run(args: Namespace, here: Here) -> int:
    """Ends when all is told, or, following, when nobody reads any more."""

    def ask(cursor: int | None, mark: str, max_wait: float) -> views.Events:
        limit = BEFORE_FOLLOWING if args.follow and cursor is None else PAGE
        page: views.Events = here.daemon.ask(Events(after=cursor, limit=limit, max_wait=max_wait, mark=mark))
        return page

    pages = Pages(ask, args.since, follow=args.follow, news=lambda text: here.screen.tell(notice(text)))
    while not here.screen.out.closed:
        after = pages.cursor
        page = pages.next()
        if page.anew:
            here.screen.tell(notice("this daemon knows nothing of the events before, and begins with its own"))
        if page.lost and after is not None:
            here.screen.tell(lost(page.lost, "event"))
        if here.screen.json:
            here.screen.json_lines(page.events)
        else:
            here.screen.show(*(event(one, here.screen.now()) for one in page.events))
        if not args.follow and (after is None or not page.events):
            break
    return 0
