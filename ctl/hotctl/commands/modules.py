"""``hotctl modules``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotd.contract.requests import Modules


def configure(parser: ArgumentParser) -> None:
    """No arguments."""


def run(_: Namespace, here: Here) -> int:
    view = here.daemon.ask(Modules())
    if here.screen.json:
        here.screen.document(view.modules)
        return 0
    from hotctl.view.modules import modules
    from hotctl.view.page import line

    here.screen.show(*modules(view))
    if not view.modules:
        here.screen.tell(line("no modules are hosted"))
    return 0
