"""``hotctl check MODULE… | --all``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import FIRST_ANSWER, Here, check_modules, takes_modules, takes_timeout
from hotd.contract.requests import Check


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "The module is imported in the daemon, and its __hot_check__ called. What would be rejected exits 3."
    )
    takes_modules(parser, "every module")
    takes_timeout(parser)


def run(args: Namespace, here: Here) -> int:
    check_modules(args, "check")
    request = Check(tuple(args.modules), args.all, max_wait=min(FIRST_ANSWER, args.timeout))
    doing = f"checking {', '.join(args.modules) or 'all modules'}"
    return here.roll_out(request, verb="check", doing=doing, timeout=args.timeout)
