"""``hotctl shutdown [--drain] [--timeout TIME]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, duration, exit_status, takes_reason
from hotctl.session import INTERRUPTED
from hotctl.view.page import line
from hotd.contract.errors import Unreachable
from hotd.contract.requests import LONGEST_WAIT, Events, Shutdown

PAGE = 1000


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Every instance is asked to end at its next checkpoint, nothing is loaded or started any more, and the daemon "
        "ends with the last of them, or when the time is over. Said again, or with a signal, the earlier end holds. "
        "Where systemd holds the socket, whoever connects next starts it again: systemctl stop hotd.socket hotd."
    )
    parser.add_argument("--drain", action="store_true", help="wait for instances as long as it takes")
    parser.add_argument(
        "--timeout", metavar="TIME", type=duration,
        help="how long instances have, as 30s or 2h (drain_deadline of hotd.toml); who has not ended then is left",
    )  # fmt: skip
    takes_reason(parser)


def run(args: Namespace, here: Here) -> int:
    """Returns when the daemon has ended."""
    cursor = here.daemon.ask(Events(limit=1)).next
    change = here.daemon.ask(Shutdown(args.drain, args.timeout, args.reason))
    here.report(change)
    try:
        with here.screen.busy("the daemon ends"):
            _until_over(here, cursor)
    except KeyboardInterrupt:
        here.screen.tell(line("the daemon goes on to end; hotctl instances tells who still runs"))
        return INTERRUPTED
    here.screen.tell(line("the daemon has ended"))
    return exit_status(change)


def _until_over(here: Here, cursor: int) -> None:
    """Until its stream of events is at an end, or there is nobody to ask any more."""
    while True:
        try:
            page = here.daemon.ask(Events(after=cursor, limit=PAGE, max_wait=LONGEST_WAIT))
        except Unreachable:
            return
        if page.closing:
            return
        cursor = page.next
