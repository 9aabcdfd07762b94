"""``hotctl wait``."""

from __future__ import annotations

import json

from hotd.contract import codec, requests
from tests.unit.hotctl_cli.desk import Ran, hotctl
from tests.unit.hotctl_view import samples as given

LATE, THERE = given.waited(reached=False), given.waited(reached=True)


def wait(*argv: str, answer: object) -> Ran:
    return hotctl("wait", "long_op", "6", "--for", "drained", *argv, answers={requests.Wait: answer})


def test_a_wait_ends_as_soon_as_it_is_so() -> None:
    """Exit 0 and one sentence; the daemon is asked in pieces."""
    ran = wait(answer=[LATE, LATE, THERE])
    assert (ran.status, ran.out, ran.err) == (0, "long_op: no instance runs g6\n", "")
    assert [request.max_wait for request in ran.asked if isinstance(request, requests.Wait)] == [0.25, 2.0, 2.0]


def test_after_the_timeout_it_names_what_it_still_waits_for() -> None:
    """Exit 4, who it is, and what to type."""
    ran = wait("--timeout", "5s", answer=LATE)
    assert (ran.status, ran.out) == (4, "")
    assert ran.err == "hotctl: the time is over; long_op: long_op-3 runs g6 still  hotctl why long_op 6\n"
    told = wait("--timeout", "5s", "--json", answer=LATE)
    assert (told.status, json.loads(told.out)) == (4, codec.encode(LATE))


def test_ctrl_c_ends_the_wait_and_nothing_else() -> None:
    """There is nothing to say: nothing was begun."""
    ran = wait(answer=[LATE, KeyboardInterrupt()])
    assert (ran.status, ran.out, ran.err) == (130, "", "")


def test_on_a_terminal_it_says_what_it_waits_for() -> None:
    """While it lasts."""
    err = given.Terminal()
    ran = hotctl(
        "wait", "long_op", "6", "--for", "drained", answers={requests.Wait: [LATE, THERE]}, err=err,
        env={"TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    assert "waiting; long_op" in ran.err and "runs g6 still" not in ran.out


def test_what_to_wait_for_must_be_said() -> None:
    """Exit 2, with the way to read more."""
    ran = hotctl("wait", "long_op")
    assert ran.status == 2 and "--for" in ran.err and "hotctl wait --help" in ran.err
