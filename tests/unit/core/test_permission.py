"""What an operator may ask."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.concerns import Concerned, Everything, Named, Underway, concerned, module_of
from hotd.contract.errors import NotPermitted
from hotd.contract.requests import Request
from hotd.contract.verbs import VERBS
from hotd.core.permission import caller, check_everything, check_modules, check_request
from hotd.core.values import DAEMON, Actor

ANN = Actor("ann", 1000, "operator", ("long_op", "feed-*"))
ALL_OPS = Actor("ops", 1001, "operator", ("*",))
VIEWER = Actor("uid 1002", 1002, "viewer", ())

ABOUT: dict[str, list[tuple[Request, Concerned]]] = {
    "hello": [(requests.Hello(), Everything())],
    "status": [(requests.Status(), Everything()), (requests.Status("a"), Named(("a",)))],
    "modules": [(requests.Modules(), Everything())],
    "instances": [(requests.Instances(), Everything()), (requests.Instances("a"), Named(("a",)))],
    "generations": [(requests.Generations("a"), Named(("a",)))],
    "history": [(requests.History(), Everything()), (requests.History("a"), Named(("a",)))],
    "events": [(requests.Events(), Everything()), (requests.Events(module="a"), Named(("a",)))],
    "outcome": [(requests.Outcome(7), Underway())],
    "wait": [(requests.Wait("a", "healthy"), Named(("a",)))],
    "logs": [(requests.Logs("a"), Named(("a",)))],
    "errors": [(requests.Errors("a"), Named(("a",)))],
    "diff": [(requests.Diff("a", 1), Named(("a",)))],
    "why": [(requests.Why("a"), Named(("a",)))],
    "blocking": [(requests.Blocking(), Everything()), (requests.Blocking("a"), Named(("a",)))],
    "reload": [
        (requests.Reload(("a", "b")), Named(("a", "b"))),
        (requests.Reload(all=True), Everything()),
        (requests.Reload(("a",), all=True), Everything()),
        (requests.Reload(), Everything()),
    ],
    "deploy": [
        (requests.Deploy(("a",)), Named(("a",))),
        (requests.Deploy(), Everything()),
        (requests.Deploy(hold=3, step="roll-out"), Underway()),
    ],
    "check": [(requests.Check(("a",)), Named(("a",))), (requests.Check(all=True), Everything())],
    "stage": [(requests.Stage("a"), Named(("a",)))],
    "promote": [(requests.Promote("a"), Named(("a",)))],
    "abort": [(requests.Abort("a"), Underway())],
    "retry": [(requests.Retry("a"), Named(("a",)))],
    "undo": [
        (requests.Undo("a"), Named(("a",))),
        (requests.Undo(revision=7), Underway()),
        (requests.Undo(), Everything()),
    ],
    "pause": [(requests.Pause(), Everything()), (requests.Pause("a"), Named(("a",)))],
    "resume": [(requests.Resume(), Everything()), (requests.Resume("a"), Named(("a",)))],
    "scale": [(requests.Scale("a", 2), Named(("a",)))],
    "run": [(requests.Run("a"), Named(("a",)))],
    "stop": [(requests.Stop("a"), Named(("a",))), (requests.Stop("a-7"), Named(("a",)))],
    "start": [(requests.Start("a"), Named(("a",)))],
    "restart": [(requests.Restart("a"), Named(("a",))), (requests.Restart("a-7"), Named(("a",)))],
    "drain": [(requests.Drain("a", 1), Named(("a",)))],
    "purge": [(requests.Purge("a", 1), Named(("a",)))],
    "pin": [(requests.Pin("a"), Named(("a",)))],
    "unpin": [(requests.Unpin("a"), Named(("a",)))],
    "make-permanent": [(requests.MakePermanent("a"), Named(("a",)))],
    "reset": [(requests.Reset("a"), Named(("a",)))],
    "add": [(requests.Add("a", "a:work"), Named(("a",)))],
    "shutdown": [(requests.Shutdown(), Everything())],
    "remove": [(requests.Remove("a"), Named(("a",)))],
    "doctor": [(requests.Doctor(), Everything())],
    "apply": [(requests.Apply(), Everything())],
}


@pytest.mark.parametrize("verb", ABOUT)
def test_every_request_says_which_modules_it_is_about(verb: str) -> None:
    """Named ones, all, or what is under way: told in one way for all verbs."""
    for request, about in ABOUT[verb]:
        assert concerned(request) == about


def test_every_verb_is_looked_at_here() -> None:
    """A new one is about something, too: say what, with each way to ask it."""
    assert set(ABOUT) == set(VERBS)


@pytest.mark.parametrize(
    ("target", "module"),
    [("a-7", "a"), ("a-b-7", "a-b"), ("a", "a"), ("a-b", "a-b"), ("-7", "-7"), ("a-", "a-"), ("a-²", "a-²")],
)
def test_an_instance_belongs_to_the_module_it_is_named_after(target: str, module: str) -> None:
    """No module may be called like an instance, so the id alone tells."""
    assert module_of(target) == module


@pytest.mark.parametrize(
    ("pattern", "module", "own"),
    [
        ("long_op", "long_op", True),
        ("long_op", "long_op2", False),
        ("long_op", "LONG_OP", False),
        ("long", "long_op", False),
        ("feed-*", "feed-eu", True),
        ("feed-*", "feed", False),
        ("feed?", "feed1", True),
        ("feed?", "feed12", False),
        ("feed[12]", "feed2", True),
        ("feed[12]", "feed3", False),
        ("feed[!12]", "feed3", True),
        ("*", "whatever", True),
        ("a.*", "a.b", True),
    ],
)
def test_a_pattern_means_whole_names_as_in_the_shell(pattern: str, module: str, own: bool) -> None:
    """``*`` any text, ``?`` one character, ``[ab]`` one of these; the case counts."""
    actor = Actor("ann", 1000, "operator", (pattern,))
    assert actor.operates(module) is own
    assert actor.foreign([module]) == ([] if own else [module])


def test_only_the_pattern_of_everything_is_everything() -> None:
    """``?*`` matches every name there is, and still names modules: what concerns the daemon is not meant by it."""
    for pattern in ("?*", "[*]", "?", "**x"):
        actor = Actor("ann", 1000, "operator", (pattern,))
        assert not actor.everywhere
        with pytest.raises(NotPermitted):
            check_everything(actor, "pause")
    check_everything(ALL_OPS, "pause")
    check_everything(DAEMON, "pause")


def ask(actor: Actor, verb: str, request: Request) -> str:
    """The refusal's sentence, or nothing."""
    try:
        check_request(actor, VERBS[verb], request)
    except NotPermitted as error:
        assert error.hint
        return error.message
    return ""


def test_own_modules_may_be_asked_for_and_no_other() -> None:
    """One that is foreign refuses all, by its name."""
    assert ask(ANN, "reload", requests.Reload(("long_op", "feed-eu"))) == ""
    assert ask(ANN, "stop", requests.Stop("feed-eu-7")) == ""
    assert ask(ANN, "reload", requests.Reload(("long_op", "billing", "tax"))) == (
        "uid 1000 (ann) may not reload billing and tax: that needs the role operator of billing and tax, "
        "and this caller has the role operator of long_op and feed-*"
    )
    assert "may not stop billing" in ask(ANN, "stop", requests.Stop("billing-7"))
    assert "may not logs billing" in ask(ANN, "logs", requests.Logs("billing"))


def test_what_concerns_all_modules_is_for_admins_and_operators_of_all() -> None:
    """``--all``, and verbs that mean the daemon where no module is named."""
    for verb, request in (
        ("reload", requests.Reload(all=True)),
        ("check", requests.Check(all=True)),
        ("pause", requests.Pause()),
        ("resume", requests.Resume()),
        ("deploy", requests.Deploy()),
    ):
        assert "all modules at once: that needs the role admin" in ask(ANN, verb, request)
        assert ask(ALL_OPS, verb, request) == ask(DAEMON, verb, request) == ""


def test_to_look_at_all_is_to_look_at_ones_own() -> None:
    """``blocking`` without a module is answered, with own modules only; viewers' verbs are everybody's."""
    assert ask(ANN, "blocking", requests.Blocking()) == ""
    assert ask(VIEWER, "status", requests.Status("billing")) == ""


def test_what_is_under_way_is_left_to_whoever_knows_what_that_is() -> None:
    """A revision, a hold, a rollout in flight: the engine looks at them as it decides."""
    request: Any
    for verb, request in (("undo", requests.Undo(revision=7)), ("abort", requests.Abort("billing"))):
        assert ask(ANN, verb, request) == ""
    with pytest.raises(NotPermitted, match=re.escape("may not abort billing")):
        check_modules(ANN, "abort", ["long_op", "billing"])


def test_a_caller_is_told_by_number_and_name() -> None:
    """Whoever reads the refusal knows whom to let in."""
    assert [caller(one) for one in (ANN, VIEWER, Actor("cert:ci", None, "viewer", ()))] == [
        "uid 1000 (ann)",
        "uid 1002",
        "cert:ci",
    ]
    assert ask(Actor("uid 7", 7, "none", ()), "reload", requests.Reload(("a",))).endswith("has no role at all")
