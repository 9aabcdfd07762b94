"""The Python API: one method for each verb, typed results, errors that are raised."""

from __future__ import annotations

import inspect
import time
import typing
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hotctl.client import TIMEOUT, Daemon
from hotctl.following import Stream
from hotd.contract import protocol, requests, views
from hotd.contract.errors import (
    DeadlinePassed,
    HotdError,
    Pinned,
    ShuttingDown,
    SyntaxRejected,
    UnknownModule,
    Unreachable,
)
from hotd.contract.requests import LONGEST_WAIT
from hotd.contract.verbs import VERBS

NONE = views.Serving(0, 0)
SYNTAX = views.ErrorView("syntax-error", "does not compile", "fix it", "a.py", 3)


def change(outcome: str, revision: int | None = 7, error: views.ErrorView | None = None) -> views.Change:
    module = views.ModuleChange("m", outcome, 2, 1, (), NONE, 1.0, error)
    return views.Change(revision, (module,), outcome)


def module(current: int, old: int, replicas: int = 2, stopped: bool = False, name: str = "m") -> views.ModuleView:
    serving = views.Serving(current, old)
    return views.ModuleView(
        name, "m:M", "Healthy", (), 2, 2, "d", "auto", False, False, replicas, 0, serving, None, (), stopped=stopped
    )


def status(*modules: views.ModuleView) -> views.Status:
    daemon = views.DaemonView(1, "0.1.0", 1, "t", 1.0, "auto", "Healthy", (), "/s", 1)
    return views.Status(daemon, modules)


DONE = change("promoted")
PAGE = views.Events((), 9, 0)


class Script:
    """A transport that gives the answers it was written with, in order, and remembers what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []
        self.budgets: list[float] = []
        self.closed = 0

    def call(self, verb: str, text: str, *, deadline: float) -> str:
        self.asked.append(protocol.read_request(VERBS[verb], text))
        self.budgets.append(deadline - time.monotonic())
        answer = self.answers.pop(0)
        if isinstance(answer, Unreachable):
            raise answer
        if isinstance(answer, HotdError):
            return protocol.error_text(answer, version="0.1.0")
        return protocol.answer_text(answer, version="0.1.0")

    def close(self) -> None:
        self.closed += 1


# --- from one daemon to the next -------------------------------------------------------------------------------------

ENDS = ShuttingDown("the daemon has ended")
HERE = views.Version("0.1.0", 1, "3.13", "/usr/bin/python3", 7)


def test_a_change_that_an_ending_daemon_refuses_is_asked_of_the_next_one() -> None:
    """`systemctl restart` with the socket unit: nobody's change fails, if only there is somebody to ask again."""
    script = Script(ENDS, HERE, ENDS, HERE, change("done"))

    assert Daemon(script).scale("m", 2).outcome == "done"

    assert [type(asked).__name__ for asked in script.asked] == ["Scale", "Hello", "Scale", "Hello", "Scale"]


def test_a_change_that_an_ending_daemon_refuses_is_refused_where_nobody_comes_after_it() -> None:
    """What is told is why nothing was done, and not that there is no socket any more."""
    with pytest.raises(ShuttingDown, match="the daemon has ended"):
        Daemon(Script(ENDS, Unreachable("no daemon at /s"))).scale("m", 2)


def test_it_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that drains for an hour keeps nobody waiting for it."""
    monkeypatch.setattr("hotctl.client.NEXT_DAEMON", 0.0)

    with pytest.raises(ShuttingDown):
        Daemon(Script(ENDS)).scale("m", 2)


def test_what_one_daemon_holds_back_is_no_matter_of_the_next_ones() -> None:
    """The end of a deploy is told by who held it, or by nobody."""
    script = Script(ENDS)

    with pytest.raises(ShuttingDown):
        Daemon(script).ask(requests.Deploy(step="roll-out", hold=1))
    assert len(script.asked) == 1


# --- the table --------------------------------------------------------------------------------------------------------

STREAMS = {"events": Stream[views.Event], "logs": Stream[views.LogLine]}


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_a_method_of_its_name_and_type(name: str) -> None:
    """What the command line can do, Python can."""
    method = getattr(Daemon, name.replace("-", "_"))

    answer = typing.get_type_hints(method)["return"]

    assert answer == STREAMS.get(name, VERBS[name].answer)


@pytest.mark.parametrize("name", VERBS)
def test_every_field_of_a_request_is_a_parameter(name: str) -> None:
    """Nothing that a daemon can be asked is out of reach; how long to park is the method's own business."""
    parameters = set(inspect.signature(getattr(Daemon, name.replace("-", "_"))).parameters)

    assert set(VERBS[name].request.__dataclass_fields__) - {"max_wait"} <= parameters


@pytest.mark.parametrize(
    ("call", "request_", "answer"),
    [
        (lambda d: d.hello(), requests.Hello(), views.Version("0", 1, "3", "p", 1)),
        (lambda d: d.status("m"), requests.Status("m"), status()),
        (lambda d: d.modules(), requests.Modules(), views.Modules(())),
        (lambda d: d.instances("m"), requests.Instances("m"), views.Instances(())),
        (lambda d: d.generations("m"), requests.Generations("m"), views.Generations("m", ())),
        (lambda d: d.history("m", 5), requests.History("m", 5), views.History(())),
        (lambda d: d.errors("m"), requests.Errors("m"), views.Failures(())),
        (lambda d: d.diff("m", 1, 2), requests.Diff("m", 1, 2), views.Diff("m", 1, 2, ())),
        (lambda d: d.why("m", 3), requests.Why("m", 3), views.Why("m", 3, "retired", "it is gone from memory", ())),
        (lambda d: d.blocking("m"), requests.Blocking("m"), views.Blocking(())),
        (
            lambda d: d.wait("m", "drained", 3),
            requests.Wait("m", "drained", 3, LONGEST_WAIT),
            views.Waited("m", 3, True, "no instance runs g3", "hotctl why m 3"),
        ),
        (lambda d: d.outcome(7, 3.0), requests.Outcome(7, 3.0), change("promoted")),
        (lambda d: d.undo("m", 2, reason="r"), requests.Undo("m", 2, "r"), change("undone")),
        (lambda d: d.doctor(), requests.Doctor(), views.Doctor(())),
        (lambda d: d.pause(), requests.Pause(), change("done")),
        (lambda d: d.shutdown(drain=True, timeout=9.0), requests.Shutdown(True, 9.0), change("done")),
        (lambda d: d.apply(dry_run=True, timeout=0), requests.Apply(True, max_wait=0.0), change("planned")),
        (lambda d: d.resume("m"), requests.Resume("m"), change("done")),
        (lambda d: d.scale("m", 3), requests.Scale("m", 3), change("done")),
        (lambda d: d.stop("m-1", if_generation=2), requests.Stop("m-1", if_generation=2), change("done")),
        (lambda d: d.add("m", "m:M", roots=["/r"], timeout=0), requests.Add("m", "m:M", ("/r",), {}, "", 0.0), DONE),
        (lambda d: d.remove("m", timeout=0), requests.Remove("m", max_wait=0.0), change("done")),
        (lambda d: d.start("m"), requests.Start("m"), change("done")),
        (lambda d: d.restart("m"), requests.Restart("m"), change("done")),
        (lambda d: d.drain("m", 1, deadline=9.0), requests.Drain("m", 1, 9.0), change("done")),
        (lambda d: d.purge("m", 1, soft=True), requests.Purge("m", 1, True), change("done")),
    ],
)
def test_a_method_asks_its_verb_and_gives_its_view(
    call: Callable[[Daemon], object], request_: requests.Request, answer: object
) -> None:
    """Request out, typed view back; ``ask`` is the same for a request in hand."""
    script = Script(answer, answer)
    daemon = Daemon(script)

    assert call(daemon) == answer
    assert daemon.ask(request_) == answer
    assert script.asked == [request_, request_]


def test_a_failed_request_raises_the_error_it_is() -> None:
    """``UnknownModule``, not a status to look at."""
    with pytest.raises(UnknownModule, match="no module 'x'"):
        Daemon(Script(UnknownModule("no module 'x'"))).status("x")


def test_an_answer_is_waited_for_as_long_as_the_call_may_park_and_a_little() -> None:
    """A long-poll is not taken for a hung daemon."""
    script = Script(change("in-flight"), views.Version("0", 1, "3", "p", 1))
    daemon = Daemon(script)

    daemon.ask(requests.Outcome(7, 1000.0))
    daemon.hello()

    assert LONGEST_WAIT + TIMEOUT - 1 < script.budgets[0] <= LONGEST_WAIT + TIMEOUT
    assert TIMEOUT - 1 < script.budgets[1] <= TIMEOUT


def test_leaving_the_with_block_closes() -> None:
    """No descriptor is left."""
    script = Script()
    with Daemon(script):
        pass

    assert script.closed == 1


# --- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (change("rejected", error=SYNTAX), SyntaxRejected),
        (change("refused", None, views.ErrorView("pinned", "m is pinned")), Pinned),
    ],
)
def test_one_module_that_was_not_changed_is_an_exception(answer: views.Change, kind: type[HotdError]) -> None:
    """``reload("m")`` did what it says, or raises what kept it from that, with file and line."""
    error = answer.modules[0].error
    assert error is not None
    calls: list[Callable[[Daemon], object]] = [
        lambda d: d.reload("m"),
        lambda d: d.check("m"),
        lambda d: d.undo("m"),
        lambda d: d.scale("m", 1),
    ]
    for call in calls:
        with pytest.raises(kind, match=error.message) as caught:
            call(Daemon(Script(answer)))
        assert (caught.value.file, caught.value.line) == (error.file, error.line)


def test_of_several_modules_the_change_is_returned() -> None:
    """A part of it may be done: that is for the caller to look at."""
    answer = replace(change("rejected", error=SYNTAX), outcome="partial")

    assert Daemon(Script(answer)).reload("m", "n") == answer
    assert Daemon(Script(answer)).reload(all=True) == answer
    assert Daemon(Script(answer)).check(all=True) == answer


def test_asked_raw_a_rejection_is_an_answer() -> None:
    """As the command line needs it."""
    answer = change("rejected", error=SYNTAX)

    assert Daemon(Script(answer)).ask(requests.Reload(("m",))) == answer


def test_a_long_reload_is_waited_for_in_pieces() -> None:
    """The daemon parks a call for 20 s at most; the answer comes from ``outcome``."""
    script = Script(change("in-flight"), change("in-flight"), change("promoted"))

    assert Daemon(script).reload("m", reason="r", force=True) == change("promoted")

    assert script.asked == [
        requests.Reload(("m",), force=True, reason="r", max_wait=LONGEST_WAIT),
        requests.Outcome(7, LONGEST_WAIT),
        requests.Outcome(7, LONGEST_WAIT),
    ]


def test_a_rejection_that_comes_late_is_an_exception_too() -> None:
    """Whenever it is known."""
    with pytest.raises(SyntaxRejected):
        Daemon(Script(change("in-flight"), change("rejected", error=SYNTAX))).reload("m")


def test_a_deadline_ends_the_wait_and_says_how_to_go_on() -> None:
    """The rollout goes on in the daemon; its revision is named."""
    with pytest.raises(DeadlinePassed, match="revision 7") as caught:
        Daemon(Script(change("in-flight"))).reload("m", timeout=0)
    assert "hotctl outcome 7" in (caught.value.hint or "")

    with pytest.raises(DeadlinePassed):
        Daemon(Script(change("in-flight"))).check("m", timeout=0)


def test_waiting_for_the_drain_ends_when_no_old_instance_runs() -> None:
    """The counts in the result are those of that moment."""
    script = Script(change("promoted"), PAGE, status(module(1, 1)), PAGE, PAGE, status(module(2, 0)))

    done = Daemon(script).reload("m", wait_drained=True)

    assert done.modules[0].serving == views.Serving(2, 0)
    assert requests.Events(9, 1, 2.0) in script.asked


def test_waiting_for_service_ends_when_a_new_instance_runs() -> None:
    """Old ones may still drain."""
    script = Script(change("promoted"), PAGE, status(module(0, 2)), PAGE, PAGE, status(module(1, 1)))

    assert Daemon(script).reload("m", wait_serving=True).modules[0].serving == views.Serving(1, 1)


@pytest.mark.parametrize("idle", [module(0, 0, replicas=0), module(0, 0, stopped=True)])
def test_a_module_that_runs_nothing_is_not_waited_for(idle: views.ModuleView) -> None:
    """It would be for ever."""
    script = Script(change("unchanged", None), PAGE, status(idle, module(0, 5, name="other")))

    assert Daemon(script).reload("m", wait_serving=True, wait_drained=True).outcome == "unchanged"


def test_a_drain_that_takes_too_long_names_who_holds_it_up() -> None:
    """The reload itself is done, and the sentence says so."""
    script = Script(change("promoted"), PAGE, status(module(1, 1)))

    with pytest.raises(DeadlinePassed, match="not in time drained: m; the reload itself is done") as caught:
        Daemon(script).reload("m", wait_drained=True, timeout=0)
    assert "hotctl instances m" in (caught.value.hint or "")


def test_a_dry_run_waits_for_nothing() -> None:
    """There is nothing to drain."""
    assert Daemon(Script(change("planned", None))).reload("m", dry_run=True, wait_drained=True).outcome == "planned"


def test_a_wait_is_one_in_pieces_and_its_end_names_what_it_waited_for() -> None:
    """The daemon parks a call for 20 s at most."""
    late = views.Waited("m", None, False, "m: m-1 runs g1 still", "hotctl why m")
    script = Script(late, replace(late, reached=True))
    assert Daemon(script).wait("m", "drained").reached
    assert [one.max_wait for one in script.asked] == [LONGEST_WAIT, LONGEST_WAIT]

    with pytest.raises(DeadlinePassed, match="not in time: m: m-1 runs g1 still") as caught:
        Daemon(Script(late)).wait("m", "drained", timeout=0)
    assert caught.value.hint == "hotctl why m"


def test_a_removal_is_waited_for_in_pieces() -> None:
    """The daemon parks a call for 20 s at most."""
    script = Script(change("in-flight"), change("done"))
    assert Daemon(script).remove("m") == change("done")
    assert script.asked == [requests.Remove("m"), requests.Remove("m")]
    with pytest.raises(DeadlinePassed):
        Daemon(Script(change("in-flight"))).remove("m", timeout=0)


# --- streams ----------------------------------------------------------------------------------------------------------


def event(seq: int) -> views.Event:
    return views.Event(seq, "t", "reload.promoted")


def events(*seqs: int, next_: int, lost: int = 0) -> views.Events:
    return views.Events(tuple(event(seq) for seq in seqs), next_, lost)


def test_the_newest_events_are_one_page() -> None:
    """``daemon.events()`` ends."""
    script = Script(events(1, 2, next_=2))

    assert list(Daemon(script).events()) == [event(1), event(2)]
    assert script.asked == [requests.Events()]


def test_all_after_a_seq_are_read_page_by_page() -> None:
    """To the end, without parking; the stream says where it stands."""
    script = Script(events(5, next_=5), events(6, 7, next_=7), events(next_=7))
    stream = Daemon(script).events(after=4, module="m")

    assert [e.seq for e in stream] == [5, 6, 7]
    assert stream.cursor == 7
    assert [(a.after, a.max_wait, a.module) for a in script.asked] == [(4, 0.0, "m"), (5, 0.0, "m"), (7, 0.0, "m")]


def test_following_parks_and_asks_again() -> None:
    """Each page begins where the last ended; an empty one is no end."""
    script = Script(events(1, next_=1), events(next_=1), events(2, next_=2))
    stream = Daemon(script).events(follow=True)

    assert [next(stream), next(stream)] == [event(1), event(2)]
    assert [(a.after, a.max_wait) for a in script.asked] == [(None, 0.0), (1, LONGEST_WAIT), (1, LONGEST_WAIT)]


def test_what_was_lost_is_told() -> None:
    """Never silently: the reader was too slow for the daemon's ring."""
    script = Script(events(1, next_=1), events(40, next_=40, lost=38), events(next_=40))
    stream = Daemon(script).events(after=0)

    assert len(list(stream)) == 2
    assert stream.lost == 38


def test_log_lines_stream_alike() -> None:
    """Of one module, or one instance of it."""
    line = views.LogLine(1, "t", "m", "m-1", 1, "stdout", "hello")
    script = Script(views.Logs((line,), 1, 0), views.Logs((line,), 2, 1))
    stream = Daemon(script).logs("m", follow=True, instance="m-1", limit=10)

    assert [next(stream), next(stream)] == [line, line]
    assert stream.lost == 1
    assert script.asked == [
        requests.Logs("m", None, 10, 0.0, "m-1"),
        requests.Logs("m", 1, 10, LONGEST_WAIT, "m-1"),
    ]
