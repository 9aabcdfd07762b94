"""``hotctl purge MODULE N``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_drain
from hotd.contract.requests import Purge, Wait


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Instances that run it are asked to end. Who has not by the deadline is abandoned: a thread cannot be killed, "
        "it stays listed, and the module is Tainted until the daemon restarts. The sources stay in the store: an undo "
        "can still load them. Waits until gN is retired; exit 4 when --timeout is over, and it goes on."
    )
    parser.add_argument("--soft", action="store_true", help="only if nobody runs it; otherwise refused, exit 5")
    takes_drain(parser, "then they are abandoned")


def run(args: Namespace, here: Here) -> int:
    request = Purge(args.module, args.generation, args.soft, args.deadline, args.reason, args.if_generation)
    wanted = Wait(args.module, "retired", args.generation)
    return here.get_rid(request, wanted, verb="purge", timeout=args.timeout, waits=not args.no_wait)
