"""Which generation the next start loads."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract.errors import Busy, GenerationMismatch, NoHistory
from hotd.contract.events import EventName
from hotd.core.effects import Decision
from hotd.core.instances import CRASHES
from tests.support.books import World, promoted, respec, serving, spec

SOON = 60.0


def fresh(**keys: Any) -> World:
    """g1 is permanent; g2 was just promoted, and nobody runs it yet."""
    world = serving(spec(auto_permanent=0.0, **keys))
    respec(world, auto_permanent=SOON)
    promoted(world, "B")
    world.end(*world.running())
    assert world.view().permanent == (None if keys.get("replicas") == 0 else 1)
    return world


def test_what_has_served_for_a_while_is_permanent() -> None:
    """From the moment on that somebody runs it; told once."""
    world = fresh()
    world.wait(SOON)
    assert world.view().permanent == 1
    world.run()
    world.wait(SOON - 0.001)
    assert world.view().permanent == 1
    world.wait(0.001)
    assert world.view().permanent == 2
    (told,) = world.events(EventName.MODULE_PERMANENT)
    assert told.message == "op g2 has served for 60 s: it is permanent"


def test_what_comes_after_it_begins_anew() -> None:
    """Each generation has its own time."""
    world = fresh()
    world.run()
    world.wait(SOON / 2)
    promoted(world, "C")
    world.end(*world.running())
    world.run()
    world.wait(SOON / 2)
    assert world.view().permanent == 1
    world.wait(SOON / 2)
    assert world.view().permanent == 3


def test_what_fails_again_and_again_does_not_last() -> None:
    """Its time begins anew when somebody runs it again."""
    world = fresh()
    for turn in range(CRASHES):
        world.wait(max(0.0, world.module().pace.not_before - world.time))
        world.run()
        # The first ends well: where all of them fail, the generation is taken back.
        (world.fail if turn else world.end)(max(world.running()))
    assert "CrashLooping" in world.kinds()
    world.wait(SOON)
    assert world.view().permanent == 1
    world.run()
    world.wait(SOON - 1.0)
    assert "CrashLooping" not in world.kinds() and world.view().permanent == 1
    world.wait(1.0)
    assert world.view().permanent == 2


def test_what_nobody_runs_does_not_last() -> None:
    """Old instances hold the places."""
    world = serving(spec(auto_permanent=0.0))
    respec(world, auto_permanent=SOON)
    promoted(world, "B")
    world.wait(SOON)
    assert world.view().permanent == 1 and "NotServing" in world.kinds()


@pytest.mark.parametrize("how", ["replicas = 0", "stopped"])
def test_where_nobody_shall_run_time_is_enough(how: str) -> None:
    """It is current all the same."""
    world = serving(spec(auto_permanent=SOON, replicas=0 if how == "replicas = 0" else 1))
    if how == "stopped":
        world.stop()
    world.wait(SOON)
    assert world.view().permanent == 1


def test_a_daemon_that_ends_makes_nothing_permanent() -> None:
    """Its last minute proves nothing."""
    world = fresh()
    world.run()
    world.shut_down(2 * SOON)
    world.wait(SOON)
    assert world.view().permanent == 1


def test_somebody_may_decide_before() -> None:
    """``make-permanent``, once."""
    world = fresh()
    change = world.make_permanent(reason="checked")
    assert (change.outcome, change.note) == ("done", "the next start loads g2, and not g1")
    assert world.view().permanent == 2
    (told,) = world.events(EventName.MODULE_PERMANENT)
    assert (told.message, told.cause) == ("op: the next start loads g2, and not g1", "hotctl make-permanent: checked")
    assert world.make_permanent().note == "the next start loads g2 already"
    assert world.make_permanent().outcome == "unchanged"


def test_nothing_can_be_decided_of_a_module_without_a_generation() -> None:
    """And what was not expected is refused."""
    world = World(spec(auto_permanent=SOON))
    for verb in (world.make_permanent, world.pin):
        with pytest.raises(NoHistory):
            verb()
    world.reload()
    world.settle()
    for verb in (world.make_permanent, world.pin):
        with pytest.raises(GenerationMismatch):
            verb(if_generation=7)
    assert world.make_permanent().note == "the next start loads g1"


# --- pins ------------------------------------------------------------------------------------------------------------


def test_nothing_changes_what_is_pinned() -> None:
    """No watcher and no reload; what changed is shown, and loaded when the pin goes."""
    world = serving(spec(auto_permanent=SOON))
    change = world.pin(reason="fair")
    assert (change.outcome, change.note) == ("done", "stays at g1 until `hotctl unpin op`")
    assert world.view().pinned and world.view().permanent == 1
    world.edit("B")
    world.settle()
    out_of_sync = world.condition("OutOfSync")
    assert world.module().current == 1 and out_of_sync is not None
    assert out_of_sync.message == "files changed, and the module is pinned; `hotctl unpin op` lets them be loaded"
    revision = world.reload()
    (refused,) = world.outcome_of(revision).modules
    assert refused.outcome == "refused" and refused.error is not None
    assert (refused.error.message, refused.error.code) == ("op is pinned to g1", "pinned")
    assert refused.error.hint == "`hotctl unpin op`, or `hotctl reload op --force`"
    change = world.unpin()
    assert change.note == "may change again; now loading what changed"
    world.settle()
    assert world.module().current == 2 and not world.view().pinned


def test_all_modules_are_those_that_are_not_pinned() -> None:
    """``reload --all`` skips and lists them, and succeeds."""
    world = serving(spec("a"), spec("b"))
    world.pin("a")
    world.write("B", "a")
    world.write("B", "b")
    revision = world.reload(all=True)
    world.settle()
    change = world.outcome_of(revision)
    assert [(one.module, one.outcome) for one in change.modules] == [("a", "skipped"), ("b", "promoted")]
    assert change.outcome == "promoted" and change.modules[0].note == "a is pinned to g1: skipped"


def test_force_lifts_a_pin_for_once() -> None:
    """It stays pinned, to what is current then."""
    world = serving()
    world.pin()
    world.write("B")
    world.reload(force=True)
    world.settle()
    assert world.module().current == 2 and world.view().pinned


def test_pinning_twice_and_unpinning_twice_is_unchanged() -> None:
    """Nothing is told."""
    world = serving()
    world.pin()
    again = world.pin()
    assert (again.outcome, again.note) == ("unchanged", "is at g1 until `hotctl unpin op`")
    world.unpin()
    assert (world.unpin().outcome, world.unpin().note) == ("unchanged", "was not pinned")
    assert len(world.events(EventName.MODULE_PINNED, EventName.MODULE_UNPINNED)) == 2


def test_nobody_pins_what_is_just_changing() -> None:
    """He would not know to what."""
    world = serving()
    world.write("B")
    world.reload()
    with pytest.raises(Busy) as raised:
        world.pin()
    assert raised.value.hint is not None and raised.value.hint.endswith("tells how it ends; pin after that")


def test_a_pin_and_nothing_to_do() -> None:
    """Deadlines that are not there do not keep the engine busy."""
    world = serving()
    world.pin()
    world.tell(lambda book, _: Decision(book))
    world.wait(3600.0)


# --- back to hotd.toml -----------------------------------------------------------------------------------------------


def test_reset_returns_to_what_hotd_toml_says() -> None:
    """Replicas, pause and stop; a pin is a lock and stays."""
    world = serving(spec(replicas=2))
    world.scale(1)
    world.pause("op")
    world.stop()
    world.pin()
    assert world.view().overrides == {"replicas": 2, "paused": False, "stopped": False}
    change = world.reset()
    assert change.note == (
        "replicas 1 -> 2; file changes are acted on again; started again; still pinned (`hotctl unpin op`)"
    )
    assert world.view().overrides == {} and not world.module().stopped
    world.end(1, 2)
    assert len(world.running()) == 2


def test_reset_of_what_is_as_it_should_be_is_unchanged() -> None:
    """And too many are asked to end."""
    world = serving(spec(replicas=1))
    assert (world.reset().outcome, world.reset().note) == ("unchanged", "is as hotd.toml says already")
    world.scale(3)
    world.run()
    world.reset()
    assert len(world.asked) == 2
