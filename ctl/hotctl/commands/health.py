"""``hotctl health``: one line and an exit code for monitors."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotctl.view.health import Health, health
from hotctl.view.page import line
from hotd.contract.requests import Status

DEGRADED = 7


def configure(parser: ArgumentParser) -> None:
    parser.epilog = "Exits 0 while it is Healthy or Progressing, 7 when it is Degraded, 69 when no daemon answers."


def run(args: Namespace, here: Here) -> int:
    found: Health = health(here.daemon.ask(Status()))
    if here.screen.json:
        here.screen.document(found)
    else:
        here.screen.show(line(found.message))
    return DEGRADED if found.health == "Degraded" else 0
