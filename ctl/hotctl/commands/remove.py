"""``hotctl remove NAME``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here, takes_if_generation, takes_reason, takes_timeout
from hotctl.session import INTERRUPTED
from hotd.contract.requests import LONGEST_WAIT, Remove


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Its instances are asked to end at their next checkpoint; with the last of them it goes."
    parser.add_argument("module", metavar="NAME", help="one that was added; those of hotd.toml are taken out there")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    deadline = here.clock() + args.timeout
    wait = 0.0
    try:
        with here.screen.busy(f"removing {args.module}") as say:
            while True:
                change = here.daemon.ask(Remove(args.module, args.reason, args.if_generation, wait))
                wait = max(0.0, min(LONGEST_WAIT, deadline - here.clock()))
                if change.outcome != "in-flight" or not wait:
                    return here.report(change)
                say(f"removing {args.module}: {change.note}")
    except KeyboardInterrupt:
        from hotctl.view.page import line

        here.screen.tell(line(f"{args.module} goes as soon as its instances have ended; hotctl why tells what they do"))
        return INTERRUPTED
