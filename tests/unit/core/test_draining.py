"""Getting rid of one generation: drained, dropped from memory."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import Busy, GenerationMismatch, Refused, UnknownGeneration, UnknownModule, UsageError
from hotd.contract.events import EventName
from hotd.core import demand, staging
from hotd.core.afterlife import told
from hotd.core.effects import AskToEnd, Retire
from hotd.core.messages import LeakedCode, Leaks
from hotd.core.reconcile import next_deadline
from tests.support.books import OP, ROOT, World, promoted, respec, serving, spec


def asked(world: World) -> list[str]:
    return [str(effect.instance) for effect in world.of(AskToEnd)]


def reloaded(**keys: Any) -> World:
    """g2 is current; two instances finish on g1."""
    world = promoted(serving(spec(replicas=2, drain_deadline=60.0, **keys)), "B")
    world.forget()
    return world


# --- drain ------------------------------------------------------------------------------------------------------------


def test_a_drain_asks_who_still_runs_a_generation() -> None:
    """A few at a time, until none is left; who, until when, and what then is said."""
    world = reloaded()
    world.wait(20.0)
    change = world.drain(1, reason="too old")
    assert (change.outcome, change.revision) == ("done", None)
    assert change.note == (
        "op-1 and op-2 are asked to end at the next checkpoint, 1 at a time; who has not in 40s is told as stalled"
    )
    (event,) = world.events(EventName.GENERATION_DRAINING)
    assert (event.message, event.generation) == (f"op g1: {change.note}", 1)
    assert (event.actor, event.cause) == ("root", "hotctl drain: too old")
    assert asked(world) == ["op-1"]
    world.end(1)
    world.end(2)
    assert asked(world) == ["op-1", "op-2"]
    assert world.running() == {3: 2, 4: 2} and world.states() == {1: "standby", 2: "current"}


def test_an_instance_that_fails_while_it_is_drained_has_ended_as_well() -> None:
    """The drain goes on with the next; its failure is kept."""
    world = reloaded()
    world.drain(1)
    world.fail(1, message="while stopping")
    assert asked(world) == ["op-1", "op-2"] and world.running() == {2: 1, 3: 2}
    world.fail(2)
    assert world.states() == {1: "standby", 2: "current"}
    assert [failure.instance for failure in world.module().failures] == ["op-1", "op-2"]


def test_a_second_drain_asks_nobody_twice() -> None:
    """It says that it was asked, and what time is left."""
    world = reloaded()
    world.drain(1)
    world.wait(30.0)
    change = world.drain(1)
    assert change.outcome == "unchanged"
    assert change.note == "op-1 and op-2 are asked already; who has not in 30s is told as stalled"
    world.wait(60.0)
    assert world.drain(1).note == (
        "op-1 and op-2 are asked already; the deadline passed 30s ago: `hotctl purge op 1` gives up who does not end"
    )


def test_a_drain_may_have_a_deadline_of_its_own() -> None:
    """From now on, also where the old one passed."""
    world = reloaded()
    world.wait(100.0)
    assert world.condition("Stalled") is not None
    change = world.drain(1, deadline=5.0)
    assert change.note.endswith("; who has not in 5s is told as stalled")
    assert world.condition("Stalled") is None and next_deadline(world.book) == world.time + 5.0
    world.wait(5.0)
    assert [e.message for e in world.events(EventName.GENERATION_STALLED)][1:] == [
        "op g1 still drains past its deadline of 5 s: op-1, op-2"
    ]
    assert world.drain(1, deadline=9.0).outcome == "done", "the deadline is another"


def test_a_drain_may_abandon_where_the_config_says_so() -> None:
    """``after_deadline``; the places are free."""
    world = reloaded(after_deadline="abandon")
    note = world.drain(1, deadline=5.0).note
    assert note.endswith("; who has not in 5s is abandoned")
    world.wait(5.0)
    assert world.running() == {3: 2, 4: 2} and world.states() == {1: "standby", 2: "current"}


def test_draining_what_is_current_replaces_its_instances() -> None:
    """And says how to get rid of it instead; the deadline is that of each."""
    world = serving(spec(replicas=2, drain_deadline=60.0))
    world.restart("op-2")
    change = world.drain(1, deadline=5.0)
    assert change.note == (
        "op-1 and op-2 are asked to end at the next checkpoint, 1 at a time; g1 is current, so new ones on it take "
        "their places (`hotctl stop op` starts none, `hotctl undo op` goes back)"
    )
    world.wait(5.0)
    (event,) = world.events(EventName.GENERATION_STALLED)
    assert event.message == "op-2 was asked to end and still runs after 5 s", "it was asked before, and has no more"
    world.end(2)
    world.wait(5.0)
    assert [e.message for e in world.events(EventName.GENERATION_STALLED)][1:] == [
        "op-1 was asked to end and still runs after 5 s"
    ]
    world.end(1)
    assert world.running() == {3: 1, 4: 1}
    assert world.drain(1).outcome == "done" and world.drain(1).note == "op-3 and op-4 are asked already"


def test_who_runs_on_demand_is_asked_too() -> None:
    """The generation would never be drained otherwise."""
    world = serving(spec(replicas=0))
    world.tell(lambda book, now: demand.run(book, requests.Run(OP), ROOT, now))
    promoted(world, "B")
    assert world.drain(1).note.startswith("op-1 is asked to end")
    assert asked(world) == ["op-1"]


def test_there_may_be_nobody_to_ask() -> None:
    """Nothing is told."""
    world = promoted(serving(spec(replicas=1)), "B")
    world.end(1)
    change = world.drain(1)
    assert (change.outcome, change.note) == ("unchanged", "nobody runs g1")
    assert not world.events(EventName.GENERATION_DRAINING)[1:]


# --- purge ------------------------------------------------------------------------------------------------------------


def test_what_nobody_runs_is_dropped_at_once() -> None:
    """An undo can still have it, from the store."""
    world = reloaded()
    world.end(1)
    world.end(2)
    world.forget()
    change = world.purge(1, reason="memory")
    assert (change.outcome, change.note) == ("done", "g1 is dropped from memory; an undo to it loads it from the store")
    assert world.of(Retire) == [Retire("op", 1)] and world.states() == {2: "current"}
    (event,) = world.events(EventName.GENERATION_RETIRED)
    assert (event.actor, event.cause) == ("root", "hotctl purge: memory")
    assert (world.purge(1).outcome, world.purge(1).note) == ("unchanged", "g1 has left memory already")
    world.ask_to_undo(to=1)
    world.settle()
    assert world.states()[1] == "current"


def test_what_is_run_is_dropped_when_all_have_ended() -> None:
    """Not kept for an undo, as other generations are."""
    world = reloaded()
    note = world.purge(1).note
    assert note == (
        "op-1 and op-2 are asked to end at the next checkpoint, 1 at a time; g1 leaves memory when they have, or in "
        "1m: who has not by then is abandoned"
    )
    world.end(1)
    assert world.purge(1).outcome == "unchanged"
    assert world.purge(1).note == "g1 is being purged already: op-2 is asked; who has not in 1m is abandoned"
    assert not world.of(Retire)
    world.end(2)
    assert world.of(Retire) == [Retire("op", 1)] and not world.events(EventName.GENERATION_STANDBY)


def test_who_has_not_ended_by_the_deadline_is_abandoned_for_a_purge() -> None:
    """Whatever ``after_deadline`` says: it was asked for by somebody. It stays listed, and the module tainted."""
    world = reloaded()
    world.purge(1, deadline=5.0)
    world.end(1)
    world.wait(5.0)
    assert world.of(Retire) == [Retire("op", 1)] and world.running() == {3: 2, 4: 2}
    (gone,) = world.events(EventName.INSTANCE_ABANDONED)
    assert gone.instance == "op-2" and world.condition("Tainted") is not None
    assert [i.state for i in world.module().instances.values()] == ["abandoned", "starting", "starting"]
    assert world.purge(1).note == "g1 has left memory already"


def test_a_purge_may_be_hurried() -> None:
    """Asked again with a deadline, that one counts."""
    world = reloaded()
    world.purge(1)
    assert world.purge(1, deadline=2.0).outcome == "done"
    world.wait(2.0)
    assert world.states() == {2: "current"}


def test_an_undo_takes_a_purge_back() -> None:
    """What is current is not dropped; who was asked to end is replaced on it."""
    world = reloaded()
    world.purge(1, deadline=5.0)
    world.undo()
    world.wait(10.0)
    assert world.states() == {1: "current", 2: "standby"} and not world.of(Retire)
    world.end(1)
    world.end(2)
    assert world.running() == {3: 1, 4: 1}
    promoted(world, "C")
    world.end(3)
    world.end(4)
    assert world.states()[1] == "standby", "the next time it is drained as any other"


def test_a_soft_purge_touches_nobody() -> None:
    """Busy, and who it is: also one that was abandoned, for its code is in memory."""
    world = reloaded()
    with pytest.raises(Busy) as caught:
        world.purge(1, soft=True)
    assert caught.value.message == "op-1 and op-2 still run g1"
    assert caught.value.hint == ("`hotctl why op 1` tells where they stand; without --soft they are asked to end")
    assert not asked(world)
    world.end(1)
    respec(world, after_deadline="abandon")
    world.wait(60.0)
    with pytest.raises(Busy, match="op-2 still runs g1"):
        world.purge(1, soft=True)
    assert world.purge(1).note == (
        "g1 is dropped from memory; an undo to it loads it from the store; op-2 is abandoned and may run on: its code "
        "stays as long"
    )
    world = reloaded()
    world.end(1)
    world.end(2)
    assert world.purge(1, soft=True).outcome == "done"


def test_current_is_never_dropped() -> None:
    """Refused, with the way around."""
    with pytest.raises(Refused) as caught:
        reloaded().purge(2)
    assert caught.value.message == "g2 is current: what new instances get cannot leave memory"
    assert caught.value.hint == "`hotctl undo op` goes back to an earlier one, then purge g2"


def test_a_purge_does_not_claim_that_leaked_code_is_gone() -> None:
    """It says who tells more."""
    world = serving()
    news = Leaks(OP, (LeakedCode(7, ("op",)),))
    world.tell(lambda book, now: told(book, news, now))
    assert world.purge(7).note == "g7 has left memory already; its code is in memory all the same: `hotctl why op 7`"


# --- whom it is about -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["drain", "purge"])
def test_what_there_is_not_is_told(verb: str) -> None:
    """Module, generation, another current, a time that is none; a candidate is no generation yet."""
    world = reloaded()
    ask = getattr(world, verb)
    with pytest.raises(UnknownModule):
        ask(1, "opp")
    with pytest.raises(UnknownGeneration) as unknown:
        ask(7)
    assert unknown.value.hint == "did you mean g2? there are g1 and g2"
    with pytest.raises(GenerationMismatch):
        ask(1, if_generation=1)
    for deadline in (-1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError):
            ask(1, deadline=deadline)
    world.write("C")
    world.tell(lambda book, now: staging.stage(book, requests.Stage(OP), ROOT, now))
    world.settle()
    with pytest.raises(Refused) as refused:
        ask(3)
    assert refused.value.message == "g3 is a candidate that nobody runs so far"
    assert refused.value.hint == "`hotctl abort op` throws it away"
    assert ask(1).outcome == "done", "a candidate that waits keeps nobody from making room"
