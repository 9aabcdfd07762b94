"""``hotctl drain MODULE N``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_drain
from hotd.contract.requests import Drain, Wait


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Each is asked at its next checkpoint, or through its stop_method, max_unavailable at a time. Waits until "
        "nobody runs gN, unless it is current: then new ones take their places. Exit 4 when --timeout is "
        "over; it goes on."
    )
    takes_drain(parser, "then stalled, or abandoned where after_deadline says so")


def run(args: Namespace, here: Here) -> int:
    request = Drain(args.module, args.generation, args.deadline, args.reason, args.if_generation)
    wanted = Wait(args.module, "drained", args.generation)
    return here.get_rid(request, wanted, verb="drain", timeout=args.timeout, waits=not args.no_wait)
