"""The swap."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.book import Current, Draining, Pace, Standby
from hotd.core.effects import Emit, Promote
from hotd.core.promotion import make_current
from hotd.core.values import Instant
from tests.support.books import World, promoted, serving, spec

NOW = Instant(2000.0, 0.0)


def test_the_old_generation_drains_until_its_deadline() -> None:
    """It gets no new instances; the running ones finish."""
    world = serving(spec(replicas=2, drain_deadline=60.0))
    promoted(world, "B")
    phase = world.module().generations[1].phase
    assert isinstance(phase, Draining) and phase.deadline == world.time + 60.0
    assert world.module().generations[1].verdict == "superseded"
    (told,) = world.events(EventName.GENERATION_DRAINING)
    assert told.message == "op g1 drains: 2 instances to end"


def test_an_old_generation_that_nobody_runs_is_on_standby_at_once() -> None:
    """And that is told as any other standby is."""
    world = serving(spec(replicas=0))
    promoted(world, "B")
    assert world.states() == {1: "standby", 2: "current"}
    assert [e.generation for e in world.events(EventName.GENERATION_STANDBY)] == [1]


def test_the_first_generation_supersedes_nobody() -> None:
    """One effect, the swap."""
    world = World()
    world.reload()
    world.settle()
    assert world.of(Promote) == [Promote("op", 1)]
    assert not world.events(EventName.GENERATION_DRAINING, EventName.GENERATION_STANDBY)


def test_the_reference_is_swapped_before_anything_is_told() -> None:
    """Whoever hears of it can get it already."""
    module = promoted(serving(), "B").module()
    module, effects = make_current(module, 1, NOW, superseded="rolled-back")
    assert isinstance(effects[0], Promote) and isinstance(effects[1], Emit)
    assert module.current == 1 and module.generations[1].phase == Current(NOW)
    assert module.generations[2].phase == Standby(NOW) and module.generations[2].verdict == "rolled-back"


def test_new_code_gets_a_fresh_chance_to_start() -> None:
    """The back-off of what crashed before does not hold up the repair."""
    world = serving(spec())
    promoted(world, "B")
    world.end(1)
    for number in (2, 3):
        world.fail(number)
        world.wait(0.5)
    assert world.module().pace.quick_ends == 2
    promoted(world, "C")
    assert world.module().pace == Pace()


def test_made_current_again_it_leaves_itself_alone() -> None:
    """The same number under new content is no predecessor of itself."""
    module = serving().module()
    again, effects = make_current(module, 1, NOW, superseded="superseded")
    assert [type(effect) for effect in effects] == [Promote] and again.generations[1].phase == Current(NOW)
