"""``hotctl wait MODULE [N] --for CONDITION``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import DEADLINE_PASSED, Here, generation, takes_timeout
from hotctl.session import INTERRUPTED
from hotctl.view.page import line
from hotctl.view.why import late
from hotd.contract.requests import Wait


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "generation>=8 (quote it: > is the shell's): g8 or a later one is current. drained: no instance runs an older "
        "generation, or none runs gN. healthy: nothing is in the module's way. retired: gN was dropped from memory. "
        "Exit 0 as soon as it is so, 4 when the time is over; waiting changes nothing."
    )
    parser.add_argument("module", metavar="MODULE", help="what it is about")
    parser.add_argument(
        "generation", metavar="N", nargs="?", type=generation, help="one of its generations, as 7 or g7"
    )
    parser.add_argument(
        "--for", metavar="WHAT", dest="until", required=True, help="'generation>=N', drained, healthy or retired"
    )
    takes_timeout(parser)


def run(args: Namespace, here: Here) -> int:
    deadline = here.clock() + args.timeout
    try:
        with here.screen.busy(f"waiting; {args.module}") as say:
            seen = here.until(Wait(args.module, args.until, args.generation), deadline, say)
    except KeyboardInterrupt:
        return INTERRUPTED
    if here.screen.json:
        here.screen.document(seen)
    elif seen.reached:
        here.screen.show(line(seen.message))
    if not seen.reached:
        here.screen.tell(*late(seen))
    return 0 if seen.reached else DEADLINE_PASSED
