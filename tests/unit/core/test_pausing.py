"""Auto-watch, paused and resumed."""

from __future__ import annotations

import pytest

from hotd.contract.errors import PausedGlobally, UnknownModule, UsageError
from hotd.contract.events import EventName
from hotd.core.effects import Promote
from tests.support.books import serving, spec


def test_a_pause_says_what_it_does_not_do() -> None:
    """Instances go on; told once."""
    world = serving(spec("a"), spec("b"))
    change = world.pause("a", reason="hands off")
    assert change.outcome == "done" and change.revision is None
    assert change.note == "file changes are recorded, not acted on; instances go on"
    assert [m.module for m in change.modules] == ["a"]
    assert world.pause("a").note == "was paused already"
    (told,) = world.events(EventName.WATCH_PAUSED)
    assert (told.message, told.module, told.actor) == ("watching a paused", "a", "root")
    assert told.cause == "hotctl pause: hands off"
    assert (world.view("a").watch, world.view("b").watch) == ("paused", "auto")
    assert world.running("a") == {1: 1}


def test_a_pause_of_all_is_a_flag_of_its_own() -> None:
    """Either holds; a resume of all leaves a module's own flag, and says so."""
    world = serving(spec("a"), spec("b"))
    world.pause("a")
    change = world.pause()
    assert [m.module for m in change.modules] == ["a", "b"]
    assert world.pause().note == "was paused already"
    assert (world.view("a").watch, world.view("b").watch) == ("paused", "paused")
    assert [e.message for e in world.events(EventName.WATCH_PAUSED)][1] == "watching all paused"
    note = world.resume().note
    assert note == "file changes are acted on again; still paused by itself: a"
    assert (world.view("a").watch, world.view("b").watch) == ("paused", "auto")


def test_a_resume_of_all_does_not_promise_what_a_module_still_holds_back() -> None:
    """It is paused by itself."""
    world = serving(spec("a"), spec("b"))
    world.pause("a")
    world.pause()
    world.edit("B", "a")
    world.edit("B", "b")
    world.settle()
    note = world.resume().note
    assert note == "file changes are acted on again; now loading what changed: b; still paused by itself: a"


def test_one_module_cannot_be_resumed_while_all_are_paused() -> None:
    """The lock that holds is named."""
    world = serving(spec("a"))
    world.pause()
    with pytest.raises(PausedGlobally) as raised:
        world.resume("a")
    assert raised.value.hint == "`hotctl resume`"


def test_one_module_is_paused_and_resumed_by_its_name() -> None:
    """Told once; the others go on."""
    world = serving(spec("a"), spec("b"))
    world.pause("a")
    assert world.resume("a", reason="done").note == "file changes are acted on again"
    assert world.resume("a").note == "was not paused"
    (told,) = world.events(EventName.WATCH_RESUMED)
    assert (told.message, told.module, told.cause) == ("watching a resumed", "a", "hotctl resume: done")
    assert world.view("a").watch == "auto"


def test_a_resume_loads_the_newest_once() -> None:
    """Whatever was saved meanwhile, however often: one rollout."""
    world = serving()
    world.pause()
    for text in ("B", "broken", "C"):
        world.edit(text)
        world.settle()
    assert world.module().current == 1 and world.module().errors == 0 and world.view().out_of_sync
    assert world.resume().note == "file changes are acted on again; now loading what changed: op"
    world.settle()
    assert world.of(Promote) == [Promote("op", 2)] and world.module().generations[2].digest == "C"
    assert not world.view().out_of_sync
    assert world.resume().note == "was not paused"
    assert len(world.events(EventName.WATCH_RESUMED)) == 1


def test_a_resume_loads_nothing_that_was_taken_back() -> None:
    """Saved and restored while paused: the look knows that there is nothing to do."""
    world = serving()
    world.pause()
    for text in ("B", "A"):
        world.edit(text)
        world.settle()
    assert not world.view().out_of_sync
    assert world.resume().note == "file changes are acted on again"
    assert not world.loads


def test_a_resume_of_a_manual_module_says_that_nothing_follows() -> None:
    """Its watch is configured so."""
    world = serving(spec(watch="manual"))
    world.pause("op")
    assert world.resume("op").note == 'its watch is "manual": changes are only shown, `hotctl reload op` loads them'


# --- for a while ------------------------------------------------------------------------------------------------------


def test_a_pause_for_a_while_ends_by_itself() -> None:
    """And what was saved meanwhile is loaded then, the newest, once."""
    world = serving(spec("a"), spec("b"))
    change = world.pause("a", duration=600.0, reason="deploy")
    assert change.note == ("file changes are recorded, not acted on; instances go on; it ends by itself in 10m")
    assert world.events(EventName.WATCH_PAUSED)[-1].message == "watching a paused for 10m"
    for text in ("B", "C"):
        world.edit(text, "a")
        world.settle()
    world.wait(599.0)
    view = world.view("a")
    assert (view.watch, view.paused_until, view.generation) == ("paused", "2023-11-14T22:40:10.000Z", 1)
    world.wait(1.0)
    world.settle()
    assert (world.view("a").watch, world.view("a").paused_until) == ("auto", None)
    assert world.of(Promote) == [Promote("a", 2)] and world.module("a").generations[2].digest == "C"
    (told,) = world.events(EventName.WATCH_RESUMED)
    assert (told.message, told.module) == ("watching a resumed: the time of the pause is over", "a")
    assert (told.actor, told.cause) == ("hotd", "hotctl pause --for")


def test_a_pause_of_all_for_a_while_ends_by_itself() -> None:
    """What is paused by itself stays paused."""
    world = serving(spec("a"), spec("b"))
    world.pause("b")
    world.pause(duration=60.0)
    world.edit("B", "a")
    world.edit("B", "b")
    world.settle()
    world.wait(60.0)
    world.settle()
    assert (world.view("a").generation, world.view("b").generation) == (2, 1)
    assert [told.message for told in world.events(EventName.WATCH_RESUMED)] == [
        "watching all resumed: the time of the pause is over"
    ]


def test_what_is_said_last_of_a_pause_holds() -> None:
    """Longer, shorter, without end; and each is told."""
    world = serving()
    world.pause("op", duration=10.0)
    assert world.pause("op", duration=60.0).outcome == "done"
    world.wait(30.0)
    assert world.view().watch == "paused"
    change = world.pause("op")
    assert change.outcome == "done"
    assert change.note.endswith("it does not end by itself any more: `hotctl resume op`")
    assert world.events(EventName.WATCH_PAUSED)[-1].message == "watching op paused until somebody resumes it"
    world.wait(3600.0)
    assert (world.view().watch, world.view().paused_until) == ("paused", None)
    assert world.pause("op").outcome == "unchanged"
    world.pause("op", duration=5.0)
    world.wait(5.0)
    assert world.view().watch == "auto"
    world.pause(duration=9.0)
    assert world.pause().note.endswith("`hotctl resume`")


def test_a_resume_ends_a_pause_that_would_have_ended_by_itself() -> None:
    """Once; nothing is told again when its time would be over."""
    world = serving(spec("a"), spec("b"))
    world.pause("a", duration=60.0)
    world.pause(duration=60.0)
    world.resume()
    world.resume("a")
    world.wait(3600.0)
    assert len(world.events(EventName.WATCH_RESUMED)) == 2
    world.pause("a", duration=60.0)
    world.reset("a")
    world.wait(3600.0)
    assert len(world.events(EventName.WATCH_RESUMED)) == 2


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan"), float("inf"), 1e12])
def test_a_pause_of_no_length_makes_no_sense(duration: float) -> None:
    """Nor one that outlives everybody."""
    world = serving()
    with pytest.raises(UsageError, match="makes no sense"):
        world.pause("op", duration=duration)
    assert world.view().watch == "auto"


def test_nobody_is_paused_by_a_wrong_name() -> None:
    """The mistake is told."""
    with pytest.raises(UnknownModule):
        serving().pause("opp", duration=60.0)


def test_a_pause_for_a_while_outlives_the_daemon_and_not_its_time() -> None:
    """It ends when it was to end, or with the start where that is over."""
    world = serving(spec("a"), spec("b"))
    world.pause("a", duration=600.0)
    world.pause("b", duration=30.0)
    world.pause(duration=20.0)
    world.wait(10.0)
    later = world.reborn()
    later.begin()
    later.settle()
    assert [later.view(name).watch for name in "ab"] == ["paused", "paused"]
    assert later.book.paused_until is not None
    later.wait(9.0)
    assert not later.book.paused and [later.view(name).watch for name in "ab"] == ["paused", "paused"]
    later.wait(10.0)
    assert [later.view(name).watch for name in "ab"] == ["paused", "auto"]
    after = later.reborn()
    after.time += 3600.0
    after.begin()
    assert after.view("a").watch == "auto" and len(after.events(EventName.WATCH_RESUMED)) == 1


def test_what_waits_for_the_end_of_a_pause_says_until_when() -> None:
    """The later of two ends; none where one of them has none."""
    world = serving(spec("a"))
    world.pause("a", duration=600.0)
    world.edit("B", "a")
    world.settle()

    def said() -> list[str]:
        return [condition.message for condition in world.view("a").conditions]

    until = "(until 2023-11-14T22:40:10.000Z)"
    assert said() == [f"files changed while paused {until}; `hotctl resume a` loads them at once"]
    world.pause(duration=60.0)
    assert said() == [f"files changed while paused {until}; `hotctl resume` loads them at once"]
    world.pause()
    assert said() == ["files changed while paused; `hotctl resume` loads them"]
