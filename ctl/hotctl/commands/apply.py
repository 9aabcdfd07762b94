"""``hotctl apply [--dry-run]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import FIRST_ANSWER, Here, takes_reason, takes_timeout
from hotd.contract.requests import Apply


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "The file is the one that the daemon was started with, and the daemon reads it. Then what is on disk is "
        "loaded, as by reload --all --atomic. What is rejected leaves everything as it was (exit 3), and so do errors "
        "in the file (exit 78). What was decided at run time stays decided; what needs a restart is named."
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    takes_timeout(parser)
    takes_reason(parser)


def run(args: Namespace, here: Here) -> int:
    request = Apply(args.dry_run, args.reason, min(FIRST_ANSWER, args.timeout))
    return here.roll_out(request, verb="apply", doing="applying hotd.toml", timeout=args.timeout)
