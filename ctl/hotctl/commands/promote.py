"""``hotctl promote MODULE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import FIRST_ANSWER, Here, takes_if_generation, takes_reason, takes_timeout
from hotd.contract.requests import Promote


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "What `hotctl stage` loaded gets every new instance from now on."
    parser.add_argument("module", metavar="MODULE", help="one of those that hotctl modules lists")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    request = Promote(args.module, args.reason, args.if_generation, min(FIRST_ANSWER, args.timeout))
    return here.roll_out(request, verb="promote", doing=f"promoting {args.module}", timeout=args.timeout)
