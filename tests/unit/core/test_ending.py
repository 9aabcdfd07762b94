"""The daemon's own end."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import UsageError
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core import ending
from hotd.core.effects import AbandonLoad, AskToEnd, Discard, Promote, StartInstance
from hotd.core.ending import left, over
from hotd.core.reconcile import next_deadline
from tests.support.books import ROOT, World, promoted, serving, spec


def test_everybody_is_asked_at_once_and_nobody_is_replaced() -> None:
    """However ``max_unavailable`` is; asking twice changes nothing."""
    world = serving(spec("a", replicas=3), spec("b", replicas=1))
    assert not over(world.book, world.now)
    world.shut_down(30.0)
    (told,) = world.events(EventName.DAEMON_STOPPING)
    assert told.message == "stopping: 4 instances asked to end within 30s"
    assert len(world.of(AskToEnd)) == 4 and next_deadline(world.book) == world.time + 30.0
    world.wait(5.0)
    world.shut_down(99.0)
    assert len(world.events(EventName.DAEMON_STOPPING)) == 1 and next_deadline(world.book) == world.time + 25.0
    for number in (1, 2, 3):
        world.end(number, module="a")
        assert not over(world.book, world.now)
    world.end(1, module="b")
    assert over(world.book, world.now) and not world.of(StartInstance) and left(world.book) == []


def ask(world: World, **keys: Any) -> Change:
    request = requests.Shutdown(**keys)
    answer = world.tell(lambda book, now: ending.shutdown(book, request, 30.0, ROOT, now))
    assert isinstance(answer, Change)
    return answer


def test_somebody_may_end_the_daemon() -> None:
    """As a signal does, within drain_deadline; who and why is an event."""
    world = serving(spec("a", replicas=2))
    change = ask(world, reason="new machine")
    assert (change.outcome, change.note) == ("done", "the daemon ends: 2 instances asked to end within 30s")
    (told,) = world.events(EventName.DAEMON_STOPPING)
    assert (told.actor, told.cause) == ("root", "hotctl shutdown: new machine")
    assert next_deadline(world.book) == world.time + 30.0


def test_a_shutdown_that_drains_waits_as_long_as_it_takes() -> None:
    """Or for as long as was said; and an earlier end is taken, from whomever."""
    world = serving(spec("a"))
    assert ask(world, drain=True).note == "the daemon ends: 1 instance asked to end and waited for"
    world.wait(86400.0)
    assert not over(world.book, world.now)
    assert ask(world, drain=True, timeout=7200.0).note == "the daemon ends: 1 instance asked to end within 2h"
    assert ask(world, drain=True).outcome == "unchanged"
    world.shut_down(30.0)
    world.wait(30.0)
    assert over(world.book, world.now) and len(world.events(EventName.DAEMON_STOPPING)) == 3


def test_times_that_are_none_are_refused() -> None:
    """A slip does not end a daemon at once."""
    for timeout in (-1.0, 1e12, float("nan")):
        with pytest.raises(UsageError):
            ask(serving(spec("a")), timeout=timeout)


def test_the_deadline_ends_it_and_names_who_is_left() -> None:
    """Oldest first; threads cannot be killed."""
    world = serving(spec("a"))
    world.wait(1.0)
    world.scale(2, "a")
    world.shut_down(30.0)
    world.wait(29.0)
    assert not over(world.book, world.now)
    world.wait(1.0)
    assert over(world.book, world.now) and [str(i.id) for i in left(world.book)] == ["a-1", "a-2"]


def test_whoever_was_abandoned_is_not_waited_for_and_is_left() -> None:
    """It was given up before; its thread is there all the same."""
    world = serving(spec(drain_deadline=1.0, after_deadline="abandon"))
    world.stop()
    world.wait(1.0)
    world.shut_down(30.0)
    assert over(world.book, world.now) and [i.state for i in left(world.book)] == ["abandoned"]


def test_where_nothing_runs_it_is_over_at_once() -> None:
    """And said so."""
    world = World()
    world.shut_down(30.0)
    assert world.events(EventName.DAEMON_STOPPING)[0].message == "stopping: nothing runs"
    assert over(world.book, world.now)


def test_whoever_waits_for_a_rollout_is_told_how_it_ended() -> None:
    """Loads are given up, candidates thrown away, those that wait are refused, and history has them all."""
    world = serving(spec("a"), spec("b"), spec("c"))
    for name in ("a", "b"):
        world.write("B", name)
    atomic = world.reload("a", "b", atomic=True)
    waiting = world.reload("b", "c")
    check = world.check("a")
    world.finish("a")
    world.finish("c")
    world.shut_down()
    assert world.of(AbandonLoad) == [AbandonLoad(5)] and world.of(Discard) == [Discard("a", 2)]
    assert not world.book.rollouts and not world.of(Promote)
    assert [m.outcome for m in world.outcome_of(atomic).modules] == ["refused", "refused"]
    assert [m.outcome for m in world.outcome_of(waiting).modules] == ["refused", "unchanged"]
    assert world.outcome_of(check).outcome == "refused"
    error = world.outcome_of(atomic).modules[0].error
    assert error is not None and error.code == "shutting-down"
    assert len(world.events(EventName.RELOAD_REFUSED)) == 3, "a check is told to whoever asked for it alone"


def test_a_file_that_was_saved_meanwhile_is_not_loaded_any_more() -> None:
    """Also where its load was to follow another."""
    world = serving()
    world.edit("B")
    world.edit("C")
    world.shut_down()
    assert not world.loads and not world.book.rollouts


def test_what_a_load_still_brings_is_thrown_away() -> None:
    """Nothing becomes current while the daemon ends."""
    world = serving()
    world.edit("B")
    world.shut_down()
    (job,) = world.abandoned
    world.end_load(job)
    assert world.of(Discard) == [Discard("op", 2)] and world.module().current == 1


def test_verbs_that_only_switch_are_still_answered_and_start_nothing() -> None:
    """An operator who scales a daemon that ends gets an answer, and no instance."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.shut_down()
    world.scale(5)
    world.restart()
    world.pause()
    world.end(1)
    assert not world.of(StartInstance)
