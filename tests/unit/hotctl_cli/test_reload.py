"""Waiting for a rollout."""

from __future__ import annotations

import json
from typing import Any

from hotd.contract import requests, views
from tests.unit.hotctl_cli.desk import hotctl
from tests.unit.hotctl_view import samples as given

IN_FLIGHT = given.change(given.changed("in-flight"))
DONE = given.change(given.changed())
OLD = views.Instances((given.instance("long_op-3", generation=6, current=False, age_s=11520.0),))


def drained(old: int, current: int = 2) -> views.Status:
    return given.status(given.module(serving=views.Serving(current, old)))


def test_a_long_reload_is_waited_for_by_its_revision() -> None:
    """The first answer makes the revision known, the daemon parks the rest."""
    ran = hotctl("reload", "long_op", answers={requests.Reload: IN_FLIGHT, requests.Outcome: [IN_FLIGHT, DONE]})
    assert ran.status == 0
    assert [type(request).__name__ for request in ran.asked] == ["Reload", "Outcome", "Outcome"]
    assert "promoted" in ran.out


def test_after_the_timeout_it_says_where_the_result_will_be() -> None:
    """Exit 4, and nothing was undone by not waiting."""
    answers = {requests.Reload: IN_FLIGHT, requests.Outcome: IN_FLIGHT}
    ran = hotctl("reload", "long_op", "--timeout", "5s", answers=answers)
    assert ran.status == 4
    assert "still in flight as revision 12; hotctl outcome 12 tells its result" in ran.err
    assert len(ran.asked) < 10


def test_ctrl_c_leaves_the_reload_to_the_daemon_and_says_so() -> None:
    """The client goes, the rollout stays."""
    answers = {requests.Reload: IN_FLIGHT, requests.Outcome: KeyboardInterrupt()}
    ran = hotctl("reload", "long_op", answers=answers)
    assert ran.status == 130
    assert ran.err == "the reload goes on in the daemon as revision 12; hotctl outcome 12 tells its result\n"


def test_ctrl_c_before_the_first_answer_names_the_history() -> None:
    """No revision is invented."""
    ran = hotctl("reload", "long_op", answers={requests.Reload: KeyboardInterrupt()})
    assert (ran.status, ran.err) == (130, "the reload goes on in the daemon; hotctl history tells its result\n")


def test_ctrl_c_while_draining_does_not_claim_that_the_reload_goes_on() -> None:
    """It is done; only the old instances are not."""
    answers: dict[type, Any] = {requests.Reload: DONE, requests.Status: KeyboardInterrupt()}
    ran = hotctl("reload", "long_op", "--wait-drained", answers=answers)
    assert ran.status == 130
    assert "the reload is done (revision 12)" in ran.err


def test_wait_drained_waits_until_no_old_instance_is_left() -> None:
    """And tells the counts of then, not of before."""
    answers: dict[type, Any] = {
        requests.Reload: DONE,
        requests.Outcome: DONE,
        requests.Status: [drained(2), drained(1), drained(0)],
        requests.Instances: OLD,
    }
    ran = hotctl("reload", "long_op", "--wait-drained", "--json", answers=answers)
    assert ran.status == 0
    assert json.loads(ran.out)["modules"][0]["serving"] == {"current": 2, "old": 0}
    parked = [request for request in ran.asked if isinstance(request, requests.Outcome)]
    assert all(request.drained and request.max_wait > 0 for request in parked)


def test_wait_drained_names_who_holds_it_up() -> None:
    """Exit 4 with the instance, its generation and its age."""
    answers: dict[type, Any] = {
        requests.Reload: DONE,
        requests.Outcome: DONE,
        requests.Status: drained(1),
        requests.Instances: OLD,
    }
    ran = hotctl("reload", "long_op", "--wait-drained", "--timeout", "4s", answers=answers)
    assert ran.status == 4
    assert "promoted" in ran.out
    assert "still draining: long_op-3 (g6, 3h12m) (hotctl restart long_op asks them to end)" in ran.err


def test_wait_serving_does_not_wait_for_a_module_without_replicas() -> None:
    """Nobody will ever serve there."""
    none = given.status(given.module(replicas=0, serving=views.Serving(0, 0)))
    ran = hotctl("reload", "long_op", "--wait-serving", answers={requests.Reload: DONE, requests.Status: none})
    assert ran.status == 0


def test_a_rejected_reload_waits_for_nothing() -> None:
    """There is no new generation to serve or drain for."""
    rejected = given.change(given.changed("rejected", error=given.ERROR))
    ran = hotctl("reload", "long_op", "--wait-drained", answers={requests.Reload: rejected})
    assert (ran.status, len(ran.asked)) == (3, 1)


def test_waiting_shows_a_spinner_on_a_terminal_and_leaves_none_behind() -> None:
    """Standard output has the result only."""
    err = given.Terminal()
    ran = hotctl("reload", "long_op", answers={requests.Reload: DONE}, err=err, env={"TERM": "xterm", "COLUMNS": "80"})
    assert "loading long_op" in ran.err
    assert "loading" not in ran.out
