"""``hotctl instances [MODULE]``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotd.contract.requests import Instances


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("module", metavar="MODULE", nargs="?", help="only the instances of this one")


def run(args: Namespace, here: Here) -> int:
    view = here.daemon.ask(Instances(args.module))
    if here.screen.json:
        here.screen.document(view.instances)
        return 0
    from hotctl.view.instances import instances
    from hotctl.view.page import line

    here.screen.show(*instances(view))
    if not view.instances:
        here.screen.tell(line("no instances are alive"))
    return 0
