"""``hotctl stage MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import FIRST_ANSWER, Here, takes_if_generation, takes_reason, takes_timeout
from hotd.contract.requests import Stage


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "The candidate serves nobody until `hotctl promote`; `hotctl abort` throws it away."
    parser.add_argument("module", metavar="MODULE", help="one of those that hotctl modules lists")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = Stage(args.module, args.reason, args.if_generation, min(FIRST_ANSWER, args.timeout))
    return here.roll_out(request, verb="stage", doing=f"loading {args.module}", timeout=args.timeout)
