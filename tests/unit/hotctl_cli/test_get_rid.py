"""``hotctl drain`` and ``hotctl purge``: what was begun is told, then its end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hotd.contract import codec, requests
from hotd.contract.errors import Busy
from tests.unit.hotctl_cli.desk import Ran, hotctl
from tests.unit.hotctl_view import samples as given

ASKED = given.change(replace(given.changed("done"), generation=7, note="long_op-3 is asked to end"), revision=None)
LATE, THERE = given.waited(reached=False), given.waited(reached=True)


def run(verb: str, *argv: str, wait: Any = THERE, asked: Any = ASKED) -> Ran:
    answers = {requests.Drain: asked, requests.Purge: asked, requests.Wait: wait}
    return hotctl(verb, "long_op", "6", *argv, answers=answers)


@pytest.mark.parametrize(("verb", "until"), [("drain", "drained"), ("purge", "retired")])
def test_it_waits_until_it_is_so(verb: str, until: str) -> None:
    """What was begun first, then the end: exit 0."""
    ran = run(verb, wait=[LATE, LATE, THERE])
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "long_op: long_op-3 is asked to end\nlong_op: no instance runs g6\n"
    waits = [request for request in ran.asked if isinstance(request, requests.Wait)]
    assert {(one.until, one.generation) for one in waits} == {(until, 6)}
    assert [one.max_wait for one in waits] == [0.0, 0.25, 2.0]


def test_what_was_so_already_is_told_once() -> None:
    """Nobody reads two sentences about one thing."""
    already = given.change(replace(ASKED.modules[0], outcome="unchanged", note="nobody runs g6"), revision=None)
    assert run("drain", asked=already).out == "long_op: unchanged, nobody runs g6\n"
    assert run("drain").out == "long_op: long_op-3 is asked to end\nlong_op: no instance runs g6\n"


def test_without_waiting_it_is_only_asked() -> None:
    """``--no-wait``."""
    ran = run("drain", "--no-wait")
    assert (ran.status, len(ran.asked)) == (0, 1)


def test_nobody_waits_until_nobody_runs_current() -> None:
    """It never comes: new ones take their places."""
    current = replace(ASKED, modules=(replace(ASKED.modules[0], generation=6),))
    ran = run("drain", asked=current, wait=LATE)
    assert (ran.status, len(ran.asked)) == (0, 1)


def test_after_the_timeout_it_names_who_holds_it_up() -> None:
    """Exit 4; with --json one document that says so."""
    ran = run("drain", "--timeout", "5s", wait=LATE)
    assert (ran.status, ran.out) == (4, "long_op: long_op-3 is asked to end\n")
    assert ran.err == "hotctl: the time is over; long_op: long_op-3 runs g6 still  hotctl why long_op 6\n"
    told = run("drain", "--timeout", "5s", "--json", wait=LATE)
    assert told.status == 4 and json.loads(told.out)["outcome"] == "in-flight"
    assert json.loads(run("drain", "--json").out) == codec.encode(ASKED)


@pytest.mark.parametrize("verb", ["drain", "purge"])
def test_ctrl_c_leaves_it_to_the_daemon_and_says_so(verb: str) -> None:
    """What was asked for stays asked for."""
    ran = run(verb, wait=[LATE, KeyboardInterrupt()])
    assert ran.status == 130
    assert ran.err == f"the {verb} goes on in the daemon; hotctl why long_op 6 tells who holds it up\n"


def test_a_refusal_waits_for_nothing() -> None:
    """``--soft`` and somebody runs it: exit 5."""
    ran = run("purge", "--soft", asked=Busy("long_op-3 still runs g6", hint="`hotctl why long_op 6`"))
    assert (ran.status, len(ran.asked)) == (5, 1) and "long_op-3 still runs g6" in ran.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [(("seven",), "'seven' is no generation: write 7 or g7"), ((), "N"), (("7", "--deadline", "soon"), "soon")],
)
def test_what_cannot_be_meant_is_told(argv: tuple[str, ...], words: str) -> None:
    """Exit 2, nothing asked of the daemon."""
    for verb in ("drain", "purge"):
        ran = hotctl(verb, "long_op", *argv)
        assert (ran.status, ran.asked) == (2, []) and words in ran.err
