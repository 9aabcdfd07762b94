"""``hotctl list``: the names of the hosted modules."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotctl.view.page import line
from hotd.contract.requests import Status


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "One a line; hotctl modules tells more."


def run(args: Namespace, here: Here) -> int:
    names = [one.name for one in here.daemon.ask(Status()).modules]
    if here.screen.json:
        here.screen.document(names)
    else:
        here.screen.show(*map(line, names))
    return 0
