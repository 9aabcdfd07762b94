"""``hotctl pause [MODULE] [--for TIME]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, duration, takes_reason
from hotd.contract.requests import Pause


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Changes are recorded meanwhile, and shown as out of sync; instances go on. Said again, it is "
    parser.epilog += "paused from then on, for as long as is said then."
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only this one; without it, the whole daemon")
    parser.add_argument(
        "--for", metavar="TIME", dest="duration", type=duration,
        help="how long, as 10m or 1h30m; then it ends by itself (until hotctl resume)",
    )  # fmt: skip
    takes_reason(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Pause(args.module, reason=args.reason, duration=args.duration)))
