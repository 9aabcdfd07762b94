"""``hotctl pin MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason
from hotd.contract.requests import Pin


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "No reload and no watcher until unpin, but reload --force. A start of the daemon loads it."
    parser.add_argument("module", metavar="MODULE", help="which one")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = Pin(args.module, reason=args.reason, if_generation=args.if_generation)
    return here.report(here.daemon.ask(request))
