"""What follows from the book and the time alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.events import EventName
from hotd.core.ageing import MOST_RETIRED
from hotd.core.book import Draining, Standby
from hotd.core.effects import AskToEnd, Decision, Retire, StartInstance
from hotd.core.reconcile import next_deadline, reconcile
from tests.support.books import having, promoted, respec, serving, spec


def test_when_all_is_well_nothing_is_due() -> None:
    """The engine sleeps until it hears something."""
    world = serving(spec("a", replicas=2), spec("b"))
    assert next_deadline(world.book) is None
    assert reconcile(world.book, world.now) == Decision(world.book)


def test_a_lost_message_leaves_no_place_empty() -> None:
    """Whatever happened, what is missing is started."""
    world = serving(spec(replicas=2))
    having(world, replace(world.module(), instances={}))
    world.alive.clear()
    world.wait(0.0)
    assert len(world.of(StartInstance)) == 2


# --- draining, standby, retired ---------------------------------------------------------------------------------------


def test_a_generation_without_instances_stands_by_and_the_oldest_are_retired() -> None:
    """``standby`` of them are kept for an instant undo; the records of all stay."""
    world = promoted(serving(spec(replicas=1, standby=1)), "B")
    world.end(1)
    assert world.states() == {1: "standby", 2: "current"}
    assert world.events(EventName.GENERATION_STANDBY)[0].message == "op g1 has no instance left: standby"
    promoted(world, "C")
    world.end(2)
    assert world.of(Retire) == [Retire("op", 1)]
    assert world.events(EventName.GENERATION_RETIRED)[0].message == "op g1 is retired from memory"
    assert world.states() == {2: "standby", 3: "current"} and list(world.module().generations) == [1, 2, 3]
    assert world.module().line == (1, 2, 3), "an undo that would go there says that it is gone"


def test_whoever_was_empty_first_goes_first() -> None:
    """Not the lowest number."""
    world = promoted(serving(spec(replicas=2, standby=1)), "B")
    world.end(1)
    promoted(world, "C")
    world.wait(1.0)
    world.end(3)
    assert world.states() == {1: "draining", 2: "standby", 3: "current"}
    world.wait(1.0)
    world.end(2)
    assert world.states() == {1: "standby", 3: "current"} and world.of(Retire) == [Retire("op", 2)]


@pytest.mark.parametrize("standby", [0, 3])
def test_what_stands_by_never_makes_more_than_max_generations(standby: int) -> None:
    """Memory is bounded by one number, whatever the other says."""
    world = promoted(serving(spec(replicas=0, standby=standby, max_generations=2)), "B", "C", "D")
    assert len(world.states()) == (2 if standby else 1)


def test_records_of_retired_generations_are_bounded() -> None:
    """A thousand reloads are not remembered one by one."""
    world = promoted(serving(spec(replicas=0, standby=0)), *(str(n) for n in range(MOST_RETIRED + 5)))
    module = world.module()
    assert len(module.generations) == MOST_RETIRED + 1
    assert module.line == tuple(module.generations) and module.current == MOST_RETIRED + 6


def test_what_is_permanent_is_not_forgotten() -> None:
    """However long ago it was: the next start loads it."""
    world = serving(spec(replicas=0, standby=0, auto_permanent=10_000_000.0))
    world.make_permanent()
    promoted(world, *(str(n) for n in range(MOST_RETIRED + 1)))
    assert sorted(world.module().generations) == list(range(1, MOST_RETIRED + 3))
    promoted(world, "one more")
    assert sorted(world.module().generations) == [1, *range(3, MOST_RETIRED + 4)]
    world.make_permanent()
    assert sorted(world.module().generations) == [*range(3, MOST_RETIRED + 4)], "that one is permanent no more"
    assert reconcile(world.book, world.now) == Decision(world.book)


@pytest.mark.parametrize("how", ["ends", "fails", "is lost"])
def test_a_drain_is_over_however_its_last_instance_ended(how: str) -> None:
    """By itself, by a failure, or unheard: nobody waits for who is gone."""
    world = promoted(serving(spec(replicas=1)), "B")
    assert world.states() == {1: "draining", 2: "current"}
    if how == "is lost":
        having(world, replace(world.module(), instances={}))
        world.alive.clear()
        world.wait(0.0)
    elif how == "ends":
        world.end(1)
    else:
        world.fail(1)
    assert world.states() == {1: "standby", 2: "current"}
    assert world.running() == {2: 2}


# --- past the deadline ------------------------------------------------------------------------------------------------


def test_a_drain_past_its_deadline_is_told_once_and_goes_on() -> None:
    """``after_deadline = "wait"``: nobody is touched."""
    world = promoted(serving(spec(replicas=2, drain_deadline=60.0)), "B")
    assert next_deadline(world.book) == world.time + 60.0
    world.wait(61.0)
    (told,) = world.events(EventName.GENERATION_STALLED)
    assert told.message == "op g1 still drains past its deadline of 60 s: op-1, op-2"
    assert world.running() == {1: 1, 2: 1} and not world.of(AskToEnd) and next_deadline(world.book) is None
    world.wait(600.0)
    assert len(world.events(EventName.GENERATION_STALLED)) == 1
    world.end(1)
    world.end(2)
    assert world.states() == {1: "standby", 2: "current"}


def test_after_the_deadline_the_old_can_be_abandoned() -> None:
    """Asked, listed, no longer counted: the new code gets their places at once, and the module is tainted."""
    world = promoted(serving(spec(replicas=2, drain_deadline=60.0, after_deadline="abandon")), "B")
    world.wait(60.0)
    assert [e.instance for e in world.events(EventName.INSTANCE_ABANDONED)] == ["op-1", "op-2"]
    assert [str(e.instance) for e in world.of(AskToEnd)] == ["op-1", "op-2"], "they may end all the same"
    assert world.running() == {3: 2, 4: 2} and world.states() == {1: "standby", 2: "current"}
    assert [e.generation for e in world.events(EventName.GENERATION_STANDBY)] == [1]
    assert [i.state for i in world.module().instances.values()][:2] == ["abandoned", "abandoned"]
    assert next_deadline(world.book) is None
    world.end(1)
    assert list(world.module().instances) == [2, 3, 4] and world.module().pace.quick_ends == 0
    assert world.running() == {3: 2, 4: 2}


def test_who_was_asked_before_the_deadline_is_not_asked_again() -> None:
    """Abandoning tells the executor nothing new."""
    world = serving(spec(drain_deadline=60.0, after_deadline="abandon", on_change="stop"))
    promoted(world, "B")
    world.wait(60.0)
    assert len(world.of(AskToEnd)) == 1 and world.events(EventName.INSTANCE_ABANDONED)


def test_a_drain_names_whom_it_waits_for_and_nobody_else() -> None:
    """Not who was abandoned before, not who runs current; and once, though they were asked one by one."""
    world = serving(spec(replicas=2, drain_deadline=60.0, after_deadline="abandon"))
    world.stop("op-1")
    world.wait(60.0)
    first = world.now
    respec(world, after_deadline="wait", on_change="stop", surge=1)
    world.wait(60.0)
    promoted(world, "B")
    world.forget()
    world.wait(200.0)
    (told,) = world.events(EventName.GENERATION_STALLED)
    assert told.message == "op g1 still drains past its deadline of 60 s: op-2, op-3"
    assert set(world.running().values()) == {1, 2}
    stalled = world.condition("Stalled")
    assert stalled is not None and stalled.message == "g1 still drains past its deadline: op-2, op-3"
    respec(world, after_deadline="abandon")
    promoted(world, "C")
    world.wait(60.0)
    assert [e.instance for e in world.events(EventName.INSTANCE_ABANDONED)] == ["op-4"]
    assert world.module().tainted == first, "tainted since the first"


def test_an_instance_of_current_that_does_not_end_when_asked_is_told() -> None:
    """``hotctl stop`` waits no longer than a drain does, and names whom it waits for."""
    world = serving(spec(replicas=2, drain_deadline=60.0))
    world.stop()
    assert next_deadline(world.book) == world.time + 60.0
    world.wait(60.0)
    messages = [e.message for e in world.events(EventName.GENERATION_STALLED)]
    assert messages == [f"op-{n} was asked to end and still runs after 60 s" for n in (1, 2)]
    assert world.running() == {1: 1, 2: 1} and next_deadline(world.book) is None
    world.wait(600.0)
    assert len(world.events(EventName.GENERATION_STALLED)) == 2


def test_an_instance_of_current_that_does_not_end_can_be_abandoned() -> None:
    """And is replaced."""
    world = serving(spec(drain_deadline=60.0, after_deadline="abandon"))
    world.restart()
    world.wait(60.0)
    assert world.running() == {2: 1} and world.module().instances[1].state == "abandoned"


def test_room_made_by_one_module_is_taken_by_another_at_once() -> None:
    """Also by one that comes earlier in the configuration."""
    first = spec("a", replicas=2)
    second = spec("b", replicas=2, drain_deadline=60.0, after_deadline="abandon")
    world = serving(first, second, max_instances=3)
    assert (len(world.running("a")), len(world.running("b"))) == (2, 1)
    world.scale(1, "a")
    world.end(2, module="a")
    assert len(world.running("b")) == 2
    world.scale(2, "a")
    world.stop("b")
    assert len(world.running("a")) == 1
    world.wait(60.0)
    assert len(world.running("a")) == 2 and world.running("b") == {}


# --- deadlines --------------------------------------------------------------------------------------------------------


def test_the_next_deadline_is_the_nearest_of_all() -> None:
    """Loads, drains, pauses between starts, the end of the daemon."""
    world = serving(spec("a", load_deadline=9.0, drain_deadline=50.0), spec("b"))
    promoted(world, "B", module="a")
    assert next_deadline(world.book) == world.time + 50.0
    world.reload("a")
    assert next_deadline(world.book) == world.time + 9.0
    world.end(1, module="b")
    world.fail(2, "b")
    assert next_deadline(world.book) == world.time + 0.1
    world.shut_down(0.05)
    assert next_deadline(world.book) == world.time + 0.05


def test_a_pause_between_starts_without_room_does_not_keep_the_engine_busy() -> None:
    """``max_instances`` is reached by others: nothing is due until one of them ends."""
    world = serving(spec("a", replicas=2), spec("b", replicas=1), max_instances=3)
    world.end(1, module="b")
    world.fail(2, "b")
    world.scale(3, "a")
    world.wait(5.0)
    assert len(world.running("a")) == 3 and world.running("b") == {} and next_deadline(world.book) is None
    world.scale(2, "a")
    world.end(3, module="a")
    assert world.running("b") == {3: 1}


def test_phases_carry_the_facts_true_in_them() -> None:
    """A drain has a deadline, a standby a moment."""
    world = promoted(serving(), "B")
    assert isinstance(world.module().generations[1].phase, Draining)
    world.end(1)
    assert world.module().generations[1].phase == Standby(world.now)
