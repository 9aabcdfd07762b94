"""``hotctl abort MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_reason
from hotd.contract.requests import Abort


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Current stays what it is; the content is not loaded again until it changes, or `hotctl retry`."
    parser.add_argument("module", metavar="MODULE", help="whose rollout is in flight")
    takes_reason(parser)


def run(args: Namespace, here: Here) -> int:
    return here.report(here.daemon.ask(Abort(args.module, args.reason)))
