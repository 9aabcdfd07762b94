"""``hotctl outcome REVISION``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, positive
from hotd.contract.requests import Outcome


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Exits as the rollout itself did; 4 while it is in flight."
    parser.add_argument("revision", metavar="REVISION", type=positive, help="its number, as hotctl history shows it")


def run(args: Namespace, here: Here) -> int:
    """Exits as the rollout itself did; 4 while it is in flight."""
    from hotctl.view.origins import origins

    change = here.daemon.ask(Outcome(args.revision))
    status = here.report(change)
    if not here.screen.json:
        here.screen.show(*origins(change.origins))
    return status
