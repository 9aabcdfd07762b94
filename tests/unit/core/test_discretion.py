"""What of an answer a caller may read."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hotd.contract import codec, views
from hotd.contract.events import EventName
from hotd.contract.verbs import VERBS
from hotd.core.discretion import CONDITIONS, FACTS, OURS, PLAIN, as_seen_by
from hotd.core.values import Actor

VIEWER = Actor("uid 7", 7, "viewer", ())
OPERATOR = Actor("ann", 8, "operator", ("mine",))
ALL = Actor("ops", 9, "operator", ("*",))
ADMIN = Actor("root", 0)

SECRET = "hunter2"
ERROR = views.ErrorView("raised", SECRET, SECRET, "/ops/a.py", 7, SECRET, (SECRET,))
CONDITION = views.Condition("Rejected", "raised", SECRET, "t")
TAINTED = views.Condition("Tainted", "left-behind", SECRET, "t")
OURS_SAID = views.Condition("Stalled", "drain-deadline", "g1 still drains", "t")
HUNG = views.Condition("Tainted", "import-abandoned", "an abandoned import", "t")
SERVING = views.Serving(1, 0)
STACK = views.HolderView("thread 'poller'", SECRET)


def module(name: str, kind: type[views.ModuleView] = views.ModuleView) -> Any:
    return kind(
        name, "a:b", "Healthy", (CONDITION, TAINTED, OURS_SAID, HUNG), 1, 1, "d", "auto", False, False, 1, 0, SERVING,
        views.RejectedView("d", "raised", SECRET, "/ops/a.py", 7, "t"), (),
    )  # fmt: skip


def event(name: str, of: str | None, message: str = SECRET, **keys: Any) -> views.Event:
    return views.Event(1, "t", name, of, 1, keys.pop("instance", None), "root", keys.pop("cause", None), message, keys)


def one_change(of: str, outcome: str, note: str = SECRET, error: views.ErrorView | None = ERROR) -> views.ModuleChange:
    return views.ModuleChange(of, outcome, 1, None, (), SERVING, 1.0, error, note=note, left=(SECRET,))


ROLLBACK = f"rollback: its first 2 instances failed at once: {SECRET}"
DAEMON = views.DaemonView(1, "0", 1, "t", 1.0, "auto", "Healthy", (), "/s", 1)

ABOUT: dict[str, Any] = {
    "status": lambda of: views.Status(DAEMON, (module(of),)),
    "modules": lambda of: views.Modules((module(of, views.HostedModule),)),
    "generations": lambda of: views.Generations(
        of, (views.GenerationView(None, "rejected", "rejected", "d", ROLLBACK, "root", "t", 0, ERROR),)
    ),
    "history": lambda of: views.History(
        (views.RevisionView(1, "t", (views.RevisionModule(of, None, 1),), "rolled-back", ROLLBACK, "hotd", 1.0),)
    ),
    "events": lambda of: views.Events(
        (
            event("reload.rejected", of, code="raised", left=[SECRET], file="/ops/a.py", line=7),
            event("instance.failed", of, instance=f"{of}-7"),
            event("reload.rolled-back", of, cause=ROLLBACK),
            event("generation.standby", of, "g1 stands by", cause=ROLLBACK),
            event("hook.failed", of),
            event("module.tainted", of, left=[SECRET]),
            event("reload.invented", of),
        ),
        1,
        0,
    ),
    "outcome": lambda of: views.Change(
        1,
        (
            one_change(of, "rejected"),
            one_change(of, "rolled-back", error=None),
            one_change(of, "promoted", note="", error=ERROR),
        ),
        "rolled-back",
        SECRET,
    ),
    "wait": lambda of: views.Waited(of, None, False, SECRET, f"hotctl {SECRET}", "Degraded"),
    "blocking": lambda of: views.Blocking((views.Reason("Draining", "m", "n", stack=SECRET, module=of),)),
}


@pytest.mark.parametrize("verb", ABOUT)
def test_nothing_that_users_code_said_is_a_viewers(verb: str) -> None:
    """Not its errors, not its stacks, not what was left behind; and an operator is a viewer of foreign modules."""
    for actor, of in ((VIEWER, "mine"), (OPERATOR, "theirs")):
        assert SECRET not in codec.to_text(as_seen_by(actor, ABOUT[verb](of)))


@pytest.mark.parametrize("verb", ABOUT)
def test_operators_read_all_of_their_own_and_admins_all(verb: str) -> None:
    """Word for word."""
    for actor, of in ((OPERATOR, "mine"), (ALL, "theirs"), (ADMIN, "theirs")):
        answer = ABOUT[verb](of)
        assert as_seen_by(actor, answer) == answer


def test_where_it_failed_and_of_which_kind_is_everybodys() -> None:
    """A monitor sees that something is wrong, and whom to ask."""
    (seen,) = as_seen_by(VIEWER, ABOUT["status"]("long_op")).modules
    assert (seen.rejected.reason, seen.rejected.file, seen.rejected.line) == ("raised", "/ops/a.py", 7)
    assert seen.rejected.message == "told to operators of long_op and to admins"
    assert [one.message for one in seen.conditions[2:]] == ["g1 still drains", "an abandoned import"]
    rejected, failed, *_ = as_seen_by(VIEWER, ABOUT["events"]("long_op")).events
    assert rejected.fields == {"code": "raised", "file": "/ops/a.py", "line": 7}
    assert rejected.message == "long_op rejected; why is told to operators of long_op and to admins"
    assert failed.message.startswith("long_op-7 failed; ")
    (one,) = as_seen_by(VIEWER, ABOUT["history"]("long_op")).revisions
    assert one.cause == "rollback: its first 2 instances failed at once"
    assert as_seen_by(VIEWER, ABOUT["wait"]("long_op")).message == "long_op: it is Degraded"


def test_words_of_ours_are_told_to_all() -> None:
    """What is wrong with the daemon, who did what, why something was refused."""
    pinned = dataclasses.replace(ERROR, message="pinned")
    refused = views.Change(1, (one_change("a", "refused", "", pinned),), "refused")
    assert as_seen_by(VIEWER, refused).modules[0].error.message == "pinned"
    done = views.Change(1, (one_change("a", "done", "g1 stays"),), "done", "aborted")
    assert as_seen_by(VIEWER, done).note == "aborted" and as_seen_by(VIEWER, done).modules[0].note == "g1 stays"
    said = event("watch.degraded", None, "inotify is full", cause="hotctl reload: why: not")
    assert as_seen_by(VIEWER, views.Events((said,), 1, 0)).events == (said,)
    nobody = as_seen_by(VIEWER, views.Events((event("plugin.failed", None),), 1, 0)).events[0]
    assert nobody.message == "plugin failed; why is told to operators of all modules and to admins"
    reached = views.Waited("a", 1, True, "a: no instance runs g1", "hotctl why a 1")
    healthy = views.Waited("a", None, True, "a: it is Healthy", "hotctl status a", "Healthy")
    for answer in (reached, healthy, views.Version("0", 1, "3", "/py", 7)):
        assert as_seen_by(VIEWER, answer) == answer


def test_a_thread_that_holds_a_leak_may_be_anybodys() -> None:
    """An operator is told who it is, and not where it stands."""
    answer = views.Why("mine", 1, "retired", "m", (views.Reason("Leaked", "m", "n", stack="mine", holders=(STACK,)),))

    (reason,) = as_seen_by(OPERATOR, answer).reasons
    assert (reason.stack, reason.holders) == ("mine", (views.HolderView("thread 'poller'"),))
    assert as_seen_by(ADMIN, answer) == answer


def test_every_answer_was_looked_at() -> None:
    """A verb that anybody may ask answers with one of these; the rest is for who operates the module it names."""
    plain = {"hello", "instances"}
    assert {verb.name for verb in VERBS.values() if verb.role.name == "VIEWER"} == {*ABOUT, *plain} - {"blocking"}


def test_what_is_told_of_an_event_is_decided_for_each() -> None:
    """Either its words are ours, or its message is withheld: look at the new one and say which."""
    withheld = {EventName.RELOAD_REJECTED, EventName.RELOAD_ROLLED_BACK, EventName.HOOK_FAILED}
    withheld |= {EventName.INSTANCE_FAILED, EventName.MODULE_TAINTED, EventName.CONFIG_REJECTED}
    ours = {name for name in EventName if name.partition(".")[0] in OURS}
    assert ours | PLAIN | withheld == set(EventName)
    assert not {"message", "traceback", "left"} & FACTS
    assert "Rejected" not in CONDITIONS


def test_what_stands_in_hotd_toml_is_the_admins() -> None:
    """That it is not applied, and which keys are others, is told to everybody."""
    wrong = views.Condition("Rejected", "not-applied", "hotd.toml is not applied: SECRET is no mode", "")
    outdated = views.Condition("RestartRequired", "configuration", "hotd.toml says otherwise of daemon.executor", "")
    status = views.Status(dataclasses.replace(DAEMON, conditions=(wrong, outdated)), ())
    seen = as_seen_by(VIEWER, status).daemon.conditions
    assert [one.message for one in seen] == ["told to operators of all modules and to admins", outdated.message]
    change = views.Change(7, (), "done", settings=(views.SettingChange("control.admins", "now", ["SECRET"], []),))
    assert as_seen_by(VIEWER, change).settings == (views.SettingChange("control.admins", "now"),)
