"""``hotctl logs MODULE [-f] [--instance ID] [-n N]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, positive
from hotctl.view.events import lost
from hotctl.view.logs import log_line, prefix
from hotctl.view.plain import width_of
from hotd.contract.requests import LONGEST_WAIT, Logs

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
    limit = args.limit or (BEFORE_FOLLOWING if args.follow else PAGE)
    after: int | None = None
    width = 0
    while not here.screen.out.closed:
        waits = 0.0 if after is None else LONGEST_WAIT
        page = here.daemon.ask(Logs(args.module, after, limit, waits, args.instance))
        if page.lost and after is not None:
            here.screen.tell(lost(page.lost, "line"))
        width = max((width, *(width_of(prefix(one)) for one in page.lines)))
        if here.screen.json:
            here.screen.json_lines(page.lines)
        else:
            here.screen.show(*(log_line(one, width=width) for one in page.lines))
        if not args.follow:
            break
        after, limit = page.next, PAGE
    return 0
