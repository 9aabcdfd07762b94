"""Every verb: its file, its request, its JSON."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from hotctl.commands import CATALOG, MOST_USED
from hotd.contract import codec, requests, views
from hotd.contract.verbs import VERBS
from tests.unit.hotctl_cli.desk import hotctl
from tests.unit.hotctl_view import samples as given

VERSION = views.Version("0.1.0", 1, "3.11.7", "CPython", 812)
DONE = given.change(given.changed())
EVENTS = views.Events((given.event(), given.event(seq=1840)), 1840, 0)
LOGS = views.Logs((given.log_line(), given.log_line(seq=2)), 2, 0)
ANSWERS: dict[type, Any] = {
    requests.Hello: VERSION,
    requests.Status: given.status(given.module()),
    requests.Modules: given.hosted(),
    requests.Instances: views.Instances((given.instance(),)),
    requests.Generations: given.generations(),
    requests.History: given.history(),
    requests.Errors: given.failures(),
    requests.Diff: given.diff(),
    requests.Why: given.why(),
    requests.Wait: given.waited(reached=True),
    requests.Blocking: given.blocking(),
    requests.Events: EVENTS,
    requests.Logs: LOGS,
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_contract_has_a_command(verb: str) -> None:
    """One verb, one file of its name on each side; ``hello`` is called ``version`` here."""
    name = "version" if verb == "hello" else verb
    command = importlib.import_module(f"hotctl.commands.{name.replace('-', '_')}")
    assert callable(command.configure)
    assert callable(command.run)
    assert CATALOG[name].name == name


def test_no_command_is_without_a_verb() -> None:
    """The table of verbs is the only list there is; ``proxy`` carries all of them and knows none, ``health`` and
    ``list`` are two shorter ways to read a status."""
    assert set(CATALOG) - {"proxy", "health", "list"} == {"version" if name == "hello" else name for name in VERBS}


def test_the_help_says_what_the_contract_says() -> None:
    """Two summaries of one verb would drift apart."""
    for name, verb in VERBS.items():
        if name != "hello":
            assert CATALOG[name].summary == verb.summary


def test_eight_verbs_come_first() -> None:
    """Whoever types ``hotctl`` for the first time sees what is used every day."""
    assert sum(entry.group == MOST_USED for entry in CATALOG.values()) == 8
    text = hotctl().out
    assert text.index("  status ") < text.index("  pause ") < text.index("  modules ")


CHANGE = given.change(given.changed("done"))
NAMED = {"reason": "why", "if_generation": 3}
ARGUMENTS = ("--reason", "why", "--if-generation", "g3")


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        (("status", "long_op"), requests.Status("long_op")),
        (("modules",), requests.Modules()),
        (("instances", "long_op"), requests.Instances("long_op")),
        (("generations", "long_op"), requests.Generations("long_op")),
        (("history", "long_op", "-n", "3"), requests.History("long_op", 3)),
        (("errors", "long_op", "-n", "3"), requests.Errors("long_op", 3)),
        (("diff", "long_op", "g3", "7"), requests.Diff("long_op", 3, 7)),
        (("diff", "long_op", "3"), requests.Diff("long_op", 3)),
        (("why", "long_op"), requests.Why("long_op")),
        (("why", "long_op", "g3"), requests.Why("long_op", 3)),
        (("blocking",), requests.Blocking()),
        (("blocking", "long_op"), requests.Blocking("long_op")),
        (("wait", "long_op", "--for", "healthy"), requests.Wait("long_op", "healthy", None, 0.25)),
        (("wait", "long_op", "g6", "--for", "retired", "--timeout", "0s"), requests.Wait("long_op", "retired", 6, 0.0)),
        (("events",), requests.Events(limit=200)),
        (("logs", "long_op", "--instance", "long_op-7", "-n3"), requests.Logs("long_op", None, 3, 0.0, "long_op-7")),
        (("outcome", "12"), requests.Outcome(12)),
        (
            ("reload", "a", "--atomic", "b", "--force", *ARGUMENTS),
            requests.Reload(("a", "b"), False, True, True, False, "why", 3, 0.25),
        ),
        (("reload", "--all", "--dry-run"), requests.Reload(all=True, dry_run=True, max_wait=0.25)),
        (
            ("reload", "--rebuild", "model", "a", "--rebuild=lib.big"),
            requests.Reload(("a",), max_wait=0.25, rebuild=("model", "lib.big")),
        ),
        (("check", "a"), requests.Check(("a",), max_wait=0.25)),
        (("undo", "a", "--to", "g2", *ARGUMENTS), requests.Undo("a", 2, "why", 3, 0.25)),
        (
            (
                "add",
                "a",
                "--entry",
                "m:M",
                "--root",
                "/r",
                "--replicas",
                "2",
                "--set",
                'args=["x", 1]',
                "--set",
                "on_change=stop",
                "--reason",
                "why",
            ),
            requests.Add("a", "m:M", ("/r",), {"args": ["x", 1], "on_change": "stop", "replicas": 2}, "why", 0.25),
        ),
        (("remove", "a", *ARGUMENTS), requests.Remove("a", "why", 3, 0.0)),
        (("pause", "--reason", "why"), requests.Pause(None, "why")),
        (("pause", "a", "--for", "1h30m"), requests.Pause("a", "", 5400.0)),
        (("resume", "a"), requests.Resume("a")),
        (("apply", "--dry-run", "--reason", "why"), requests.Apply(True, "why", 0.25)),
        (("scale", "a", "0", *ARGUMENTS), requests.Scale("a", 0, "why", 3)),
        (("stop", "a-7", *ARGUMENTS), requests.Stop("a-7", "why", 3)),
        (("drain", "a", "g2", "--deadline", "9s", "--no-wait", *ARGUMENTS), requests.Drain("a", 2, 9.0, "why", 3)),
        (("purge", "a", "2", "--soft", "--no-wait", *ARGUMENTS), requests.Purge("a", 2, True, None, "why", 3)),
        (("start", "a", *ARGUMENTS), requests.Start("a", "why", 3)),
        (("restart", "a", *ARGUMENTS), requests.Restart("a", "why", 3)),
    ],
)
def test_arguments_become_the_request(argv: tuple[str, ...], request_: requests.Request) -> None:
    """What is typed is what is asked."""
    ran = hotctl(*argv, answers={type(request_): CHANGE, **ANSWERS})
    assert ran.asked == [request_], ran.err
    assert ran.status == 0


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("status",), ANSWERS[requests.Status]),
        (("status", "long_op"), ANSWERS[requests.Status]),
        (("modules",), given.hosted().modules),
        (("instances",), (given.instance(),)),
        (("generations", "long_op"), given.generations().generations),
        (("history",), given.history().revisions),
        (("errors", "long_op"), given.failures().errors),
        (("diff", "long_op", "6", "7"), given.diff()),
        (("why", "long_op", "3"), given.why()),
        (("blocking",), given.blocking().reasons),
        (("wait", "long_op", "6", "--for", "drained"), given.waited(reached=True)),
    ],
)
def test_json_of_a_reading_verb_is_one_document_of_the_interface(argv: tuple[str, ...], expected: Any) -> None:
    """Status is the object, lists are lists, nothing else is on standard output, nothing at all on standard error."""
    ran = hotctl(*argv, "--json", answers=ANSWERS)
    assert json.loads(ran.out) == codec.encode(expected)
    assert (ran.status, ran.err) == (0, "")


def test_json_of_history_says_from() -> None:
    """The interface names the field so, whatever Python reserves."""
    (first,) = json.loads(hotctl("history", "--json", answers=ANSWERS).out)
    assert first["modules"][0] == {"module": "long_op", "from": 6, "to": 7, "reloaded": ["helper", "long_op"]}


@pytest.mark.parametrize(("verb", "page"), [("events", EVENTS.events), ("logs", LOGS.lines)])
def test_json_of_a_stream_is_one_object_a_line(verb: str, page: Any) -> None:
    """A reader needs no more than ``readline``."""
    argv = (verb, "long_op") if verb == "logs" else (verb,)
    ran = hotctl(*argv, "--json", answers=ANSWERS)
    assert [json.loads(line) for line in ran.out.splitlines()] == codec.encode(page)


@pytest.mark.parametrize("argv", [("reload", "a"), ("undo", "a"), ("pause",), ("scale", "a", "2"), ("outcome", "12")])
def test_json_of_a_changing_verb_is_the_change(argv: tuple[str, ...]) -> None:
    """Every changing verb answers in one shape."""
    ran = hotctl(*argv, "--json", answers=dict.fromkeys((verb.request for verb in VERBS.values()), DONE))
    assert json.loads(ran.out) == codec.encode(DONE)


def test_json_of_version_has_both_sides() -> None:
    """Client and daemon may be of different versions."""
    document = json.loads(hotctl("version", "--json", answers=ANSWERS).out)
    assert document["daemon"] == codec.encode(VERSION)
    assert document["client"]["protocol"] == 1
    assert document["error"] is None


def test_events_since_are_read_to_the_end() -> None:
    """More than one page, nothing twice, and it ends."""
    pages = [EVENTS, views.Events((given.event(seq=1841),), 1841, 3), views.Events((), 1841, 0)]
    ran = hotctl("events", "--since", "5", answers={requests.Events: pages})
    assert [request.after for request in ran.asked if isinstance(request, requests.Events)] == [5, 1840, 1841]
    assert ran.out.count("\n") == 3
    assert "3 events were dropped" in ran.err


def test_following_goes_on_until_ctrl_c_without_a_traceback() -> None:
    """``-f`` waits in the daemon, and ends quietly."""
    for verb, kind, page in (("events", requests.Events, EVENTS), ("logs", requests.Logs, LOGS)):
        argv = (verb, "long_op") if verb == "logs" else (verb,)
        ran = hotctl(*argv, "-f", answers={kind: [page, page, KeyboardInterrupt()]})
        assert ran.status == 130
        assert ran.err == ""
        assert ran.out.count("\n") == 4
        first, second = ran.asked[0], ran.asked[1]
        assert isinstance(first, (requests.Events, requests.Logs))
        assert isinstance(second, (requests.Events, requests.Logs))
        assert (first.limit, first.max_wait) == (10, 0.0)
        assert (second.after, second.max_wait) == (page.next, requests.LONGEST_WAIT)


def test_empty_lists_say_so_beside_the_data() -> None:
    """A pipe gets the header only, a person a sentence."""
    ran = hotctl("instances", answers={requests.Instances: views.Instances(())})
    assert ran.out == "INSTANCE  MODULE  GEN  STATE  AGE  PROGRESS\n"
    assert ran.err == "no instances are alive\n"
    assert hotctl("instances", "--json", answers={requests.Instances: views.Instances(())}).out == "[]\n"
