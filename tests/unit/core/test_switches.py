"""The verbs that load nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.errors import GenerationMismatch, Refused, UnknownInstance, UnknownModule, UsageError
from hotd.contract.events import EventName
from hotd.core.effects import AskToEnd
from tests.support.books import World, having, promoted, serving, spec


def asked(world: World) -> set[str]:
    return {str(effect.instance) for effect in world.of(AskToEnd)}


# --- scale ------------------------------------------------------------------------------------------------------------


def test_scaling_up_starts_more_at_once() -> None:
    """And down again asks the youngest: what ran longest has the most work in it."""
    world = serving(spec(replicas=1))
    assert world.scale(3).note == "replicas 1 -> 3"
    assert world.running() == {1: 1, 2: 1, 3: 1}
    assert world.scale(1).note == "replicas 3 -> 1; asked to end: op-2, op-3"
    assert asked(world) == {"op-2", "op-3"}, "nobody replaces them, so all are asked at once"
    assert [e.message for e in world.events(EventName.MODULE_SCALED)] == [
        "op: replicas 1 -> 3",
        "op: replicas 3 -> 1; asked to end: op-2, op-3",
    ]
    world.end(2)
    world.end(3)
    assert world.running() == {1: 1}


def test_scaling_down_asks_the_old_code_first() -> None:
    """However long it has run."""
    world = serving(spec(replicas=3))
    promoted(world, "B")
    world.end(2)
    assert world.running() == {1: 1, 3: 1, 4: 2}
    world.scale(1)
    assert asked(world) == {"op-1", "op-3"}


def test_who_leaves_already_counts_as_gone() -> None:
    """Scaling down twice asks nobody too much."""
    world = serving(spec(replicas=4))
    world.scale(3)
    world.scale(2)
    assert asked(world) == {"op-3", "op-4"}
    change = world.scale(2)
    assert (change.outcome, change.note) == ("unchanged", "replicas 2 already")
    assert asked(world) == {"op-3", "op-4"} and len(world.events(EventName.MODULE_SCALED)) == 2


def test_whoever_was_abandoned_is_neither_asked_nor_counted() -> None:
    """It was asked, and its place is another's."""
    world = serving(spec(replicas=2, drain_deadline=5.0, after_deadline="abandon"))
    world.stop("op-1")
    world.wait(5.0)
    assert world.running() == {2: 1, 3: 1}
    assert world.scale(1).note == "replicas 2 -> 1; asked to end: op-3"
    assert world.stop("op-2").note == (
        "op-2 is asked to end at its next checkpoint; another instance replaces it (`hotctl stop op` stops the module)"
    )


def test_scaling_does_not_do_finished_work_again() -> None:
    """A place more is a place more; a start fills all of them."""
    world = serving(spec(replicas=2, restart="never"))
    world.end(1)
    world.end(2)
    world.scale(3)
    assert world.running() == {3: 1}
    world.scale(0)
    assert asked(world) == {"op-3"}
    world.end(3)
    world.scale(1)
    assert world.running() == {4: 1}


@pytest.mark.parametrize(
    ("replicas", "error", "words"),
    [(-1, UsageError, "make no sense"), (6, Refused, "more than max_instances = 5 of the whole daemon")],
)
def test_numbers_that_cannot_be_are_refused(replicas: int, error: type[Exception], words: str) -> None:
    """Nothing changes."""
    world = serving(spec(), max_instances=5)
    with pytest.raises(error, match=words):
        world.scale(replicas)
    assert world.module().replicas == 1


def test_a_stopped_module_can_be_scaled_and_says_that_it_is_stopped() -> None:
    """The number holds from its start on."""
    world = serving()
    world.stop()
    assert world.scale(0).note == "replicas 1 -> 0"
    assert world.scale(3).note == "replicas 0 -> 3; it is stopped: `hotctl start op`"
    world.end(1)
    world.start()
    assert len(world.running()) == 3


# --- stop, start, restart ---------------------------------------------------------------------------------------------


def test_a_stopped_module_stays_stopped_until_its_start() -> None:
    """Everybody is asked at once; nobody is replaced."""
    world = serving(spec(replicas=3))
    assert world.stop().note == "stopped until `hotctl start op`; op-1, op-2 and op-3 have 10m to end"
    assert asked(world) == {"op-1", "op-2", "op-3"} and world.view().stopped
    assert world.stop().note == "was stopped already; op-1, op-2 and op-3 have 10m to end"
    world.end(1)
    world.end(2)
    world.end(3)
    assert world.running() == {} and world.stop().note == "was stopped already"
    assert [e.message for e in world.events(EventName.MODULE_STOPPED)] == [
        "op stopped until `hotctl start op`; op-1, op-2 and op-3 have 10m to end"
    ]
    assert world.start().note == "3 replicas from now on"
    assert len(world.running()) == 3 and not world.view().stopped
    assert world.start().note == "was not stopped" and len(world.events(EventName.MODULE_STARTED)) == 1


def test_a_start_without_a_generation_says_so() -> None:
    """Nothing can run."""
    world = World()
    assert world.start().note == "was not stopped; it has no generation yet, nothing can run"


def test_a_start_of_finished_work_says_that_it_starts() -> None:
    """It was not stopped, and nothing ran all the same."""
    world = serving(spec(restart="never"))
    world.end(1)
    assert world.start().note == "1 replica from now on" and world.running() == {2: 1}
    assert world.events(EventName.MODULE_STARTED)


def test_a_start_forgives_quick_ends() -> None:
    """Whoever starts by hand does not wait for the back-off."""
    world = serving()
    world.end(1)
    world.fail(2)
    assert world.running() == {}
    world.start()
    assert world.running() == {3: 1}
    world.fail(3)
    world.restart()
    assert world.running() == {4: 1}, "nor does whoever restarts"


def test_a_restart_asks_everybody_a_few_at_a_time() -> None:
    """New ones start on current."""
    world = serving(spec(replicas=2))
    promoted(world, "B")
    assert world.restart().note == "2 instances asked to end at the next checkpoint, 1 at a time"
    assert asked(world) == {"op-1"}
    world.end(1)
    assert asked(world) == {"op-1", "op-2"}
    world.end(2)
    assert set(world.running().values()) == {2}
    world.scale(1)
    world.end(4)
    assert world.restart().note == "1 instance asked to end at the next checkpoint"


def test_a_restart_does_finished_work_again() -> None:
    """As a start does, and whoever still runs is asked as ever."""
    world = serving(spec(replicas=2, restart="never"))
    world.end(1)
    assert world.running() == {2: 1}
    world.restart()
    assert world.running() == {2: 1, 3: 1} and asked(world) == {"op-2"}


def test_a_restart_of_what_is_stopped_starts_it() -> None:
    """As systemd does."""
    world = serving()
    world.stop()
    world.end(1)
    assert world.restart().note == "nothing ran; started again"
    assert world.running() == {2: 1}


def test_one_instance_can_be_ended_and_is_replaced() -> None:
    """The message says so, and names what stops the module."""
    world = serving(spec(replicas=2))
    change = world.stop("op-1", reason="stuck")
    assert change.note == (
        "op-1 is asked to end at its next checkpoint; another instance replaces it (`hotctl stop op` stops the module)"
    )
    assert asked(world) == {"op-1"}
    assert world.restart("op-1").note.startswith("op-1 was asked already; another instance")
    assert len(world.events(EventName.MODULE_RESTARTED)) == 1
    world.end(1)
    assert world.running() == {2: 1, 3: 1}


def test_one_instance_of_many_too_many_is_not_replaced() -> None:
    """Then nobody says that it is."""
    world = serving(spec(replicas=2))
    having(world, replace(world.module(), replicas=1))
    assert world.stop("op-1").note == "op-1 is asked to end at its next checkpoint"
    three = serving(spec(replicas=3))
    having(three, replace(three.module(), replicas=2))
    assert three.stop("op-1").note == "op-1 is asked to end at its next checkpoint"
    stopped = serving()
    stopped.stop()
    assert stopped.stop("op-1").note == "op-1 was asked already"


@pytest.mark.parametrize(
    ("target", "error", "hint"),
    [
        ("long_op-17", UnknownInstance, "did you mean 'long_op-1'?"),
        ("x-1", UnknownModule, "hosted: long_op"),
        ("long_op-", UnknownModule, "did you mean 'long_op'?"),
        ("long_op-x", UnknownModule, "did you mean 'long_op'?"),
    ],
)
def test_what_is_not_there_cannot_be_ended(target: str, error: type[Exception], hint: str) -> None:
    """A module, an instance, or neither."""
    world = serving(spec("long_op"))
    for verb in (world.stop, world.restart):
        with pytest.raises(error) as raised:
            verb(target)
        assert raised.value.hint == hint  # type: ignore[attr-defined]  # every HotdError has one


def test_an_instance_that_is_gone_or_abandoned_is_unknown() -> None:
    """Those that live are named."""
    world = serving(spec("a", replicas=2, drain_deadline=5.0, after_deadline="abandon"))
    world.stop("a-1")
    world.wait(5.0)
    with pytest.raises(UnknownInstance) as raised:
        world.stop("a-1")
    assert raised.value.hint == "did you mean 'a-3'?"
    with pytest.raises(UnknownInstance) as raised:
        world.restart("a-123456789")
    assert raised.value.hint == "alive: a-2, a-3"
    world.stop("a")
    world.wait(5.0)
    with pytest.raises(UnknownInstance) as raised:
        world.restart("a-123456789")
    assert raised.value.hint == "alive: none"


@pytest.mark.parametrize("verb", ["stop", "start", "restart", "scale"])
def test_if_generation_guards_every_change(verb: str) -> None:
    """Somebody else was faster."""
    world = serving()
    args = (2,) if verb == "scale" else ()
    with pytest.raises(GenerationMismatch):
        getattr(world, verb)(*args, if_generation=9)
    assert asked(world) == set()


@pytest.mark.parametrize("verb", ["pause", "resume", "start", "stop", "restart"])
def test_an_unknown_module_is_unknown_to_every_verb(verb: str) -> None:
    """66."""
    with pytest.raises(UnknownModule):
        getattr(serving(), verb)("nobody")
