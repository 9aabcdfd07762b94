"""``hotctl version``: asks ``hello``."""

from __future__ import annotations

import platform
from argparse import ArgumentParser, Namespace

from hotctl.commands import Here
from hotctl.view.problem import problem
from hotctl.view.version import ClientVersion, Versions, version
from hotd.contract.errors import HotdError
from hotd.contract.protocol import PROTOCOL, error_view
from hotd.contract.requests import Hello


def configure(parser: ArgumentParser) -> None:
    """No arguments."""
    parser.epilog = "Where no daemon answers, hotctl's own is told all the same; the exit status is that of the error."


def run(args: Namespace, here: Here) -> int:
    """The client's version always; the exit status of the failure where the daemon does not tell its own."""
    client = ClientVersion(args.client_version(), PROTOCOL, platform.python_version())
    error: HotdError | None = None
    try:
        both = Versions(client, here.daemon.ask(Hello()))
    except HotdError as failed:
        error, both = failed, Versions(client, None, error_view(failed))
    if here.screen.json:
        here.screen.document(both)
    else:
        here.screen.show(*version(both))
    if error is None:
        return 0
    here.screen.tell(*problem(error))
    return error.exit_status
