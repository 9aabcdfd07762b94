"""``hotctl deploy``."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

from hotd.contract import requests, views
from hotd.contract.errors import Locked, Refused
from tests.unit.hotctl_cli.desk import Ran, hotctl
from tests.unit.hotctl_view import samples as given

HELD = views.Change(None, (), "done", "held", hold=4)
DONE = given.change(given.changed())


def answer(request: requests.Deploy) -> Any:
    return DONE if request.step == "roll-out" else replace(HELD, hold=request.hold or 4)


def deploy(*argv: str, says: Any = answer) -> Ran:
    return hotctl("deploy", *argv, answers={requests.Deploy: says})


def python(code: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", code)


def steps(ran: Ran) -> list[tuple[str, int | None]]:
    return [(one.step, one.hold) for one in ran.asked if isinstance(one, requests.Deploy)]


def test_a_command_that_succeeds_is_rolled_out() -> None:
    """Hold, run, roll out; the command is the cause."""
    ran = deploy("long_op", *python("pass"))
    assert ran.status == 0
    assert steps(ran) == [("keep", None), ("roll-out", 4)]
    first = ran.asked[0]
    assert isinstance(first, requests.Deploy)
    assert first.modules == ("long_op",)
    assert first.reason.endswith("-c pass")
    assert "promoted" in ran.out


def test_a_command_that_fails_loads_nothing_and_lends_its_status() -> None:
    """As ``sudo`` and ``env`` do."""
    ran = deploy(*python("raise SystemExit(9)"))
    assert (ran.status, steps(ran)) == (9, [("keep", None), ("let-go", 4)])
    assert "ended with exit status 9; nothing was loaded" in ran.err


def test_a_command_that_is_not_there_is_told() -> None:
    """127, as a shell says, and the hold is gone."""
    ran = deploy("--", "/no/such/command")
    assert (ran.status, steps(ran)) == (127, [("keep", None), ("let-go", 4)])
    assert "there is no such command" in ran.err
    assert deploy("--", "/").status == 126


def test_with_json_a_failed_command_is_an_object_too() -> None:
    """Whoever reads standard output finds an error there, as of everything that did not succeed."""
    ran = deploy("--json", *python("raise SystemExit(3)"))
    error = json.loads(ran.out)["error"]
    assert (ran.status, error["code"]) == (3, "command-failed")
    assert "exit status 3; nothing was loaded" in error["message"]


def test_a_command_that_was_killed_says_by_what() -> None:
    """128 and the signal's number."""
    ran = deploy(*python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))
    assert ran.status == 143
    assert "ended by SIGTERM" in ran.err


def test_nothing_is_run_while_somebody_else_deploys() -> None:
    """The refusal comes before the command."""
    ran = deploy(*python("print('ran')"), says=Locked("ann is deploying since 5 s"))
    assert ran.status == 5
    assert "ann is deploying" in ran.err
    assert "ran" not in ran.out


def test_a_hold_that_was_lost_is_told_beside_the_command() -> None:
    """The daemon was restarted meanwhile: nothing is hidden."""

    def lost(request: requests.Deploy) -> Any:
        return Refused("the hold 4 is over") if request.hold else HELD

    ran = deploy(*python("raise SystemExit(1)"), says=lost)
    assert ran.status == 1
    assert "the hold 4 is over" in ran.err
    assert deploy(*python("pass"), says=lost).status == 5


def test_without_a_command_there_is_nothing_to_deploy() -> None:
    """Exit 2, and an example."""
    for argv in ((), ("long_op",), ("--",)):
        ran = deploy(*argv)
        assert (ran.status, ran.asked) == (2, [])
        assert "hotctl deploy -- git pull" in ran.err
