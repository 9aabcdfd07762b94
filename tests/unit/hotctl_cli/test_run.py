"""``hotctl run``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hotd.contract import requests, views
from hotd.contract.errors import NotPermitted
from tests.unit.hotctl_cli.desk import Ran, hotctl
from tests.unit.hotctl_view import samples as given

STARTED = given.change(replace(given.changed("done"), note="job-3 runs g7", instance="job-3"))


def seen(state: str) -> views.Instances:
    return views.Instances((replace(given.instance("job-3", module="job", age_s=2.5), state=state),))


def run(*argv: str, **answers: Any) -> Ran:
    known = {requests.Run: STARTED, **{getattr(requests, name): answer for name, answer in answers.items()}}
    return hotctl("run", "job", *argv, answers=known)


@pytest.mark.parametrize(
    ("argv", "args", "kwargs"),
    [
        ((), None, None),
        (("--",), (), None),
        (("--", "a", "--wait", "-x"), ("a", "--wait", "-x"), None),
        (("--json-args", '[1, "a"]'), (1, "a"), None),
        (("--json-args", '{"size": 3}'), None, {"size": 3}),
    ],
)
def test_arguments_are_given_as_they_stand(argv: Any, args: Any, kwargs: Any) -> None:
    """Behind -- everything is a text of the entry's, options too."""
    ran = run(*argv)
    (request,) = ran.asked
    assert isinstance(request, requests.Run)
    assert (ran.status, request.args, request.kwargs) == (0, args, kwargs)
    assert "job-3 runs g7" in ran.out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--json-args", "{"), "--json-args is not JSON"),
        (("--json-args", "3"), "a list or an object"),
        (("--json-args", "[]", "--", "a"), "not both"),
        (("a",), "takes no argument 'a'"),
    ],
)
def test_what_cannot_be_meant_is_told(argv: Any, words: str) -> None:
    """Exit 2, nothing asked of the daemon."""
    ran = run(*argv)
    assert (ran.status, ran.asked) == (2, [])
    assert words in ran.err


def test_waiting_ends_with_the_instance() -> None:
    """Its end is the exit status: 0."""
    ran = run("--wait", Instances=[seen("running"), seen("ended")])
    assert (ran.status, ran.out) == (0, "long_op: job-3 ended after 2s\n")
    assert [type(one).__name__ for one in ran.asked] == ["Run", "Instances", "Instances"]


def test_a_failure_is_exit_1_with_its_traceback() -> None:
    """Found among the module's errors by the instance's id."""
    failures = views.Failures((views.FailureView(given.before(1), "job", 7, "job-3", given.ERROR),))
    ran = run("--wait", Instances=seen("failed"), Errors=failures)
    assert ran.status == 1
    assert "NameError: name 'smpt' is not defined" in ran.err
    assert json.loads(run("--wait", "--json", Instances=seen("failed"), Errors=failures).out)["outcome"] == "failed"


def test_who_may_not_read_errors_learns_that_it_failed() -> None:
    """The status is the same."""
    ran = run("--wait", Instances=seen("failed"), Errors=NotPermitted("no"))
    assert ran.status == 1
    assert "job-3 failed after 2s" in ran.err


def test_after_the_timeout_it_goes_on() -> None:
    """Exit 4, and how to end it."""
    ran = run("--wait", "--timeout", "5s", Instances=seen("running"))
    assert ran.status == 4
    assert "hotctl stop job-3" in ran.err + ran.out


def test_ctrl_c_leaves_it_running_and_says_so() -> None:
    """The client goes, the instance stays."""
    ran = run("--wait", Instances=KeyboardInterrupt())
    assert (ran.status, ran.err) == (130, "job-3 goes on in the daemon; hotctl stop job-3 asks it to end\n")
    assert run("--wait", Run=KeyboardInterrupt()).status == 130
