"""``hotctl scale MODULE N``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, not_negative, takes_if_generation, takes_reason
from hotd.contract.requests import Scale


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Too many are asked to end, those on old generations first; 0 lets all of them end."
    parser.add_argument("module", metavar="MODULE", help="whose replicas")
    parser.add_argument("replicas", metavar="N", type=not_negative, help="how many instances there shall be")
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = Scale(args.module, args.replicas, reason=args.reason, if_generation=args.if_generation)
    return here.report(here.daemon.ask(request))
