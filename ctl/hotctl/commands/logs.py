"""``hotctl logs MODULE [-f] [--instance ID] [-n N]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, positive
from hotctl.following import Pages
from hotctl.view.events import lost, notice
from hotctl.view.logs import log_line, prefix
from hotctl.view.plain import width_of
from hotd.contract import views
from hotd.contract.requests import Logs

PAGE = 200
BEFORE_FOLLOWING = 10
"""Lines of the past that ``-f`` begins with, as ``tail -f`` does."""


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("module", metavar="MODULE", help="whose instances' output")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("--instance", metavar="ID", help="only this instance's")
    parser.add_argument("-n", dest="limit", metavar="N", type=positive, help="the newest N lines (200; with -f 10)")


def run(args: Namespace, here: Here) -> int:
    """Ends when all is told, or, following, when nobody reads any more."""
    first = args.limit or (BEFORE_FOLLOWING if args.follow else PAGE)

    def ask(cursor: int | None, mark: str, max_wait: float) -> views.Logs:
        limit = first if cursor is None else PAGE
        page: views.Logs = here.daemon.ask(Logs(args.module, cursor, limit, max_wait, args.instance, mark))
        return page

    pages = Pages(ask, follow=args.follow, news=lambda text: here.screen.tell(notice(text)))
    width = 0
    while not here.screen.out.closed:
        after = pages.cursor
        page = pages.next()
        if page.lost and after is not None:
            here.screen.tell(lost(page.lost, "line"))
        width = max((width, *(width_of(prefix(one)) for one in page.lines)))
        if here.screen.json:
            here.screen.json_lines(page.lines)
        else:
            here.screen.show(*(log_line(one, width=width) for one in page.lines))
        if not args.follow:
            break
    return 0
