"""Files changed on disk."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.effects import Prepare, Promote, StartLoad
from hotd.core.messages import LoadKind
from hotd.core.watch import MOST_PREPARED, files_changed, files_expected
from tests.support.books import FILE, World, promoted, serving, spec


def kinds(world: World) -> list[str]:
    return [effect.job.kind.value for effect in world.of(StartLoad)]


def test_a_saved_file_is_loaded_and_told_of() -> None:
    """Which file, and whom it concerns; the cause of the rollout names it too."""
    world = serving()
    world.edit("B")
    (told,) = world.events(EventName.WATCH_CHANGED)
    assert (told.message, told.cause) == ("op.py changed: op", "watch: op.py")
    assert told.fields == {"files": [FILE], "modules": ["op"]}
    world.settle()
    done = world.book.history[-1]
    assert (done.cause, done.actor, done.change.outcome) == ("watch: op.py", "watch", "promoted")


def test_what_concerns_nobody_is_told_and_nothing_else() -> None:
    """Whoever wonders why nothing happens sees that the file was seen. An ending daemon does not look any more."""
    world = serving()
    before = world.book
    world.tell(lambda book, now: files_changed(book, frozenset({"/ops/x.py"}), [], now))
    (told,) = world.events(EventName.WATCH_CHANGED)
    assert (told.message, told.fields["files"]) == ("x.py changed: no module uses that", ["/ops/x.py"])
    assert world.book == before
    world.shut_down()
    world.edit("B")
    assert not world.loads and world.module().pending == frozenset()


def test_a_helper_of_several_modules_is_one_rollout() -> None:
    """Fifty files in a deploy are one, too."""
    world = serving(spec("a"), spec("b"), spec("c"))
    paths = frozenset({"/ops/helper.py", "/ops/a.py"})
    world.write("B", "a")
    world.write("B", "b")
    world.tell(lambda book, now: files_changed(book, paths, ["a", "b"], now))
    world.settle()
    done = world.book.history[-1]
    assert [m.module for m in done.change.modules] == ["a", "b"] and done.cause == "watch: 2 files"
    assert world.events(EventName.WATCH_CHANGED)[0].message == "a.py and helper.py changed: a, b"
    assert (world.module("a").current, world.module("c").current) == (2, 1)


def test_a_long_list_of_files_is_told_in_part() -> None:
    """An event is not a listing."""
    world = serving()
    world.changed(*(f"/ops/{number}.py" for number in range(300)))
    (told,) = world.events(EventName.WATCH_CHANGED)
    assert len(told.fields["files"]) == 100
    assert told.message.startswith("0.py, 1.py, 10.py and 297 more files changed: ")


def test_while_paused_a_change_is_recorded_and_looked_at() -> None:
    """Paused is not blind: whether the disk really differs is known, and no history tells of the look."""
    world = serving()
    world.pause("op")
    world.edit("B")
    assert world.events(EventName.WATCH_CHANGED)[0].message == "op.py changed: op (held: op)"
    assert kinds(world) == [LoadKind.PLAN.value]
    assert world.view().health == "Healthy", "a look is no change in progress"
    world.settle()
    assert world.view().out_of_sync and world.module().pending == {FILE}
    assert world.module().current == 1 and len(world.book.history) == 1


def test_one_look_is_enough_for_all_that_it_has_not_seen_yet() -> None:
    """Of a hundred saves while paused, one look runs and one waits."""
    world = serving()
    world.pause()
    for number in range(100):
        world.edit(str(number))
    assert len(world.book.rollouts) == 2
    world.settle()
    assert kinds(world) == [LoadKind.PLAN.value] * 2


def test_a_check_that_waits_is_no_look() -> None:
    """It tells nothing of the disk."""
    world = serving()
    world.pause()
    world.check()
    world.check()
    world.edit("B")
    world.settle()
    assert world.view().out_of_sync


def test_before_the_first_generation_a_paused_change_waits_without_a_look() -> None:
    """There is nothing to compare with; the resume loads it."""
    world = World()
    world.write("broken")
    world.reload()
    world.settle()
    world.pause()
    world.edit("B")
    assert not world.loads and world.module().pending == {FILE}
    world.resume()
    world.settle()
    assert world.module().current == 1


def test_manual_means_shown_and_never_loaded() -> None:
    """Not even by a resume."""
    world = serving(spec(watch="manual"))
    world.edit("B")
    world.settle()
    world.resume()
    world.settle()
    assert world.module().current == 1 and not world.of(Promote)
    shown = world.condition("OutOfSync")
    assert shown is not None and shown.message == "files changed; `hotctl reload op` loads them"
    world.reload()
    world.settle()
    assert world.module().current == 2 and not world.view().out_of_sync


def test_a_change_during_a_check_is_loaded_after_it() -> None:
    """The check looked before."""
    world = serving()
    world.check()
    world.edit("B")
    world.settle()
    assert kinds(world) == [LoadKind.CHECK.value, LoadKind.STAGE.value] and world.module().current == 2


def test_a_change_while_a_reload_waits_is_left_to_it() -> None:
    """It reads the disk when it starts; one load for both."""
    world = serving()
    world.check()
    world.reload()
    world.edit("B")
    world.settle()
    assert kinds(world) == [LoadKind.CHECK.value, LoadKind.STAGE.value] and not world.module().pending


def test_a_touched_file_is_no_reload() -> None:
    """The content decides; nobody's history grows."""
    world = promoted(serving(), "B")
    listed = [r for r in world.book.history if r.listed]
    world.changed(FILE)
    world.settle()
    assert world.module().current == 2 and [r for r in world.book.history if r.listed] == listed


def prepared(world: World, *names: str) -> list[str]:
    paths = frozenset({FILE})
    effects = files_expected(world.book, paths, names).effects
    assert all(isinstance(effect, Prepare) and effect.paths == paths for effect in effects)
    return [effect.module for effect in effects if isinstance(effect, Prepare)]


def test_what_is_about_to_be_loaded_is_prepared() -> None:
    """Not what would only be recorded, nor what is being loaded already, nor dozens at once."""
    names = [f"m{number}" for number in range(MOST_PREPARED + 2)]
    world = serving(*map(spec, names))
    before = world.book
    assert prepared(world, "m1") == ["m1"] and world.book is before
    assert prepared(world, *names) == names[:MOST_PREPARED]
    world.pause("m0")
    world.reload("m1")
    assert prepared(world, "m0", "m1", "m2") == ["m2"]
    world.shut_down()
    assert prepared(world, "m2") == []
