"""``hotctl doctor``: from this side, and from the daemon's."""

from __future__ import annotations

import platform
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from hotctl.commands import Here
from hotctl.view.doctor import doctor
from hotd.contract.errors import HotdError, NotPermitted
from hotd.contract.requests import Doctor as Asked
from hotd.contract.requests import Hello
from hotd.contract.views import Doctor, Finding

WRONG = 7


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Exits 0 where nothing is wrong (what may be meant so is only noted), 7 where something is, 69 where no daemon "
        "answers, 77 where this user may not connect: then it tells why, as far as can be seen from here."
    )


def run(args: Namespace, here: Here) -> int:
    mine = args.client_version()
    ours = Finding("hotctl", "ok", f"hotctl {mine}, Python {platform.python_version()} ({sys.executable})")
    found: list[Finding] = []
    status = 0
    try:
        its = here.daemon.ask(Hello()).version
        if its != mine:
            message, cure = f"hotctl is {mine}, the daemon {its}", "install the same on both sides, restart the daemon"
            found.append(Finding("versions", "note", message, cure))
        found += _by_the_daemon(here)
    except HotdError as error:
        status = error.exit_status
        found.append(Finding("daemon", "wrong", error.message, error.hint))
    both = Doctor((*(one for one in found if one.state != "ok"), ours, *(one for one in found if one.state == "ok")))
    if here.screen.json:
        here.screen.document(both)
    else:
        here.screen.show(*doctor(both))
    return status or (WRONG if any(one.state == "wrong" for one in both) else 0)


def _by_the_daemon(here: Here) -> Iterable[Finding]:
    """What it finds. Who may connect and is no admin is not told that, which is no fault of the installation."""
    try:
        answer: Doctor = here.daemon.ask(Asked())
    except NotPermitted as error:
        return [Finding("permission", "note", f"the daemon's side is not told: {error.message}", error.hint)]
    return answer.findings
