"""``hotctl reset MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason
from hotd.contract.requests import Reset


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Replicas, pause and stop; status marks what is otherwise. A pin stays."
    parser.add_argument("module", metavar="MODULE", help="which one")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = Reset(args.module, reason=args.reason, if_generation=args.if_generation)
    return here.report(here.daemon.ask(request))
