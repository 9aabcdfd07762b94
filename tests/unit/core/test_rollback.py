"""A generation whose first instances all fail at once is taken back."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.events import EventName
from hotd.core.effects import Promote
from hotd.core.instances import QUICK
from tests.support.books import World, having, serving, spec


def failing(world: World, times: int) -> None:
    """Whoever is started on current fails at once, so many times."""
    for _ in range(times):
        world.wait(max(0.0, world.module().pace.not_before - world.time))
        (number,) = [n for n, i in world.module().instances.items() if i.generation == world.module().current]
        world.fail(number)


def second() -> World:
    """g2 is current and its first instance is about to start."""
    world = serving(spec())
    world.edit("B")
    world.settle()
    world.end(1)
    return world


def test_three_failures_at_once_bring_the_last_stable_one_back() -> None:
    """Once, told, in the history, and not loaded again until it changes."""
    world = second()
    world.forget()
    failing(world, 3)

    assert world.module().current == 1
    assert [one.number for one in world.of(Promote)] == [1]
    (told,) = world.events(EventName.RELOAD_ROLLED_BACK)
    assert "first 3 instances failed at once: ValueError: boom" in told.message
    newest = world.book.history[-1]
    assert (newest.change.outcome, newest.actor) == ("rolled-back", "hotd")
    assert (newest.change.modules[0].previous, newest.change.modules[0].generation) == (2, 1)
    condition = world.condition("OutOfSync")
    assert condition is not None and condition.reason == "rolled-back"
    assert world.module().generations[2].verdict == "rolled-back"
    world.changed("/ops/op.py")
    world.settle()
    assert world.module().current == 1
    world.edit("C")
    world.settle()
    assert world.module().current == 3


def test_two_are_not_enough() -> None:
    """And the first that runs for a second ends the trial."""
    world = second()
    failing(world, 2)
    assert world.module().current == 2
    world.wait(60)
    world.run()
    world.wait(5)
    (number,) = world.running()
    world.fail(number)
    failing(world, 3)
    assert world.module().current == 2


def test_one_that_still_runs_well_ends_it_too() -> None:
    """Two replicas, one of which fails: that is a crash loop, not a broken generation."""
    world = serving(spec(replicas=2))
    world.edit("B")
    world.settle()
    world.end(1, 2)
    world.wait(60)
    first, *_ = world.running()
    world.wait(5)
    for _ in range(4):
        others = [number for number in world.running() if number != first]
        world.fail(others[0])
        world.wait(60)
    assert world.module().current == 2


def test_a_rollback_is_not_on_trial_itself() -> None:
    """No ping-pong: what comes back stays, whatever becomes of it."""
    world = second()
    failing(world, 3)
    failing(world, 5)
    assert world.module().current == 1
    assert len(world.events(EventName.RELOAD_ROLLED_BACK)) == 1


def test_a_pinned_module_and_a_first_generation_stay() -> None:
    """Nothing may change the one, there is nothing to go back to for the other."""
    world = second()
    having(world, replace(world.module(), pinned=True))
    failing(world, 4)
    assert world.module().current == 2
    world = serving(spec())
    failing(world, 4)
    assert world.module().current == 1


def test_an_instance_that_outlives_the_others_speaks_for_its_generation() -> None:
    """Three of four fail at once; the fourth has run for a while when the third does."""
    world = serving(spec(replicas=2))
    world.edit("B")
    world.settle()
    world.end(1, 2)
    world.run()
    stays, falls = sorted(world.running())
    world.fail(falls)
    world.wait(0.2)
    world.fail(max(world.running()))
    world.wait(QUICK)
    world.fail(max(world.running()))

    assert stays in world.running()
    assert (world.module().current, world.module().trial) == (2, None)


def test_what_left_memory_does_not_come_back_by_itself() -> None:
    """To load it again is somebody's decision."""
    world = serving(spec(standby=0))
    world.edit("B")
    world.settle()
    world.end(1)
    assert world.states() == {2: "current"}
    failing(world, 4)

    assert (world.module().current, world.module().trial) == (2, None)


def test_what_was_taken_back_leaves_memory_in_the_same_turn() -> None:
    """Where nothing is kept in standby, and others run the generation that failed no more."""
    world = serving(spec(standby=0, replicas=2))
    world.edit("B")
    world.settle()
    world.end(1)
    while world.module().current == 2:
        world.wait(max(0.0, world.module().pace.not_before - world.time))
        world.fail(next(n for n, i in world.module().instances.items() if i.generation == world.module().current))
    assert world.module().current == 1 and not world.module().generations[2].in_memory
