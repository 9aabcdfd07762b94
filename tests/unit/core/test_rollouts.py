"""What is asked for, who waits for whom, and what is refused."""

from __future__ import annotations

import pytest

from hotd.contract.errors import GenerationMismatch, ShuttingDown, UnknownModule, UsageError
from hotd.contract.events import EventName
from hotd.core.effects import Discard, Promote, StartLoad
from hotd.core.messages import LoadKind
from hotd.core.rollouts import named
from tests.support.books import FILE, World, promoted, serving, spec


@pytest.mark.parametrize("keys", [{"modules": ("op",), "all": True}, {"modules": (), "all": False}])
def test_modules_or_all_and_not_both(keys: dict[str, object]) -> None:
    """A usage error, exit 2."""
    with pytest.raises(UsageError):
        named(World().book, keys["modules"], keys["all"])  # type: ignore[arg-type]  # two types in one table


def test_a_check_of_several_is_partly_done_where_one_is_broken() -> None:
    """Exit 4, and every one is told of."""
    world = serving(spec("a"), spec("b"))
    world.write("broken", "b")
    revision = world.check(all=True)
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, [m.outcome for m in change.modules]) == ("partial", ["checked", "rejected"])


def test_a_module_named_twice_is_loaded_once() -> None:
    """In the order of the naming."""
    world = World(spec("a"), spec("b"))
    revision = world.reload("b", "a", "b")
    assert list(world.book.rollouts[revision].members) == ["b", "a"]


def test_an_unknown_module_is_refused_before_anything_starts() -> None:
    """Also as the last of several."""
    world = World(spec("a"))
    with pytest.raises(UnknownModule):
        world.reload("a", "z")
    assert not world.book.rollouts


def test_if_generation_guards_a_reload() -> None:
    """Somebody else was faster."""
    world = promoted(serving(), "B")
    with pytest.raises(GenerationMismatch) as raised:
        world.reload(if_generation=1)
    assert raised.value.message == "op is at g2, not at g1"
    world.reload(if_generation=2)
    empty = World()
    with pytest.raises(GenerationMismatch, match="op is at no generation, not at g1"):
        empty.reload(if_generation=1)


def test_an_ending_daemon_loads_nothing() -> None:
    """Whoever asks is told so."""
    world = serving()
    world.shut_down()
    for verb in (world.reload, world.check):
        with pytest.raises(ShuttingDown):
            verb()


def test_whoever_asks_for_what_waits_already_gets_its_outcome() -> None:
    """Two operators, one load, one outcome."""
    world = serving()
    world.check()
    world.write("B")
    first = world.reload()
    assert world.reload() == first
    world.settle()
    assert len([e for e in world.of(StartLoad) if e.job.kind is LoadKind.STAGE]) == 1
    assert world.outcome_of(first).outcome == "promoted"


def test_whoever_asks_while_the_disk_is_being_read_is_not_told_of_an_older_success() -> None:
    """What was saved since the reading began is loaded too; what was not costs no second load."""
    world = serving()
    world.write("B")
    first = world.reload()
    world.write("C")
    second = world.reload()
    assert second != first
    assert world.reload() == second, "and a third need not wait longer than the second"
    world.settle()
    assert [world.outcome_of(r).modules[0].generation for r in (first, second)] == [2, 3]

    world.write("D")
    world.reload()
    second = world.reload()
    world.wait(1.0)
    world.settle()
    (change,) = world.outcome_of(second).modules
    assert (change.outcome, change.note) == ("unchanged", "g4 is what is on disk; it was promoted while this waited")


@pytest.mark.parametrize(
    "keys", [{"force": True}, {"atomic": True}, {"dry_run": True}], ids=lambda keys: next(iter(keys))
)
def test_whoever_asks_for_something_else_waits_for_a_turn_of_his_own(keys: dict[str, bool]) -> None:
    """Other flags, other rollout."""
    world = serving()
    world.check()
    assert len({world.reload(), world.reload(**keys)}) == 2


def test_all_is_more_than_all_names() -> None:
    """It skips where names are refused; and a watcher's rollout belongs to nobody else."""
    world = serving(spec("a"), spec("b"))
    world.check("a", "b")
    assert len({world.reload("a", "b"), world.reload(all=True), world.reload("a")}) == 3
    assert world.reload("b", "a") == world.reload("a", "b"), "the order of the names means nothing"
    watching = serving()
    watching.check()
    watching.edit("B")
    (watch,) = [r.revision for r in watching.book.rollouts.values() if r.by_watch]
    assert watching.reload() != watch


def test_a_reload_never_gets_the_outcome_of_a_check() -> None:
    """However alike they are."""
    world = serving()
    world.check()
    second = world.check()
    assert world.reload() != second


def test_rollouts_over_several_modules_never_wait_for_each_other_in_a_circle() -> None:
    """The oldest goes first, in each of its modules."""
    world = serving(spec("a"), spec("b"), spec("c"))
    one = world.reload("a", "b", atomic=True)
    two = world.reload("b", "c", atomic=True)
    three = world.reload("c", "a", atomic=True)
    assert sorted(run.job.module for run in world.loads.values()) == ["a", "b", "c"]
    world.settle()
    assert not world.book.rollouts
    assert [r.revision for r in world.book.history[-3:]] == [one, two, three]


def test_a_settled_module_is_free_though_its_rollout_goes_on() -> None:
    """A slow neighbour holds up nobody but itself."""
    world = serving(spec("a"), spec("b"))
    world.reload("a", "b")
    world.finish("a")
    world.reload("a")
    assert sorted(run.job.module for run in world.loads.values()) == ["a", "b"]


def test_only_a_reload_says_that_it_begins() -> None:
    """By whom and why."""
    world = serving()
    world.reload(reason="a fix")
    world.settle()
    world.check()
    world.settle()
    (told,) = world.events(EventName.RELOAD_STARTED)
    assert (told.actor, told.cause) == ("root", "hotctl reload: a fix")
    assert told.message == "loading op: hotctl reload: a fix"


def at_the_cap() -> World:
    """g1 has one instance that drains, g2 is current and has the other; there may be two."""
    world = serving(spec(replicas=2, max_generations=2))
    promoted(world, "B")
    world.end(2)
    world.forget()
    return world


def test_at_the_cap_a_reload_is_refused_and_names_who_holds_it_up() -> None:
    """Memory stays bounded, whatever is reloaded how often."""
    world = at_the_cap()
    world.write("C")
    revision = world.reload()
    change = world.outcome_of(revision)
    assert change.outcome == "refused" and not world.loads
    assert change.modules[0].error is not None and change.modules[0].error.code == "too-many-generations"
    assert not world.view().out_of_sync, "nobody looked at the disk"
    world.check()
    assert world.loads, "a check keeps nothing and may always look"


def test_a_member_refused_at_the_cap_takes_its_atomic_neighbours_along() -> None:
    """Also one that was ready before."""
    world = serving(spec("a", replicas=2, max_generations=2), spec("b"))
    promoted(world, "B", module="a")
    world.end(2, module="a")
    world.check("a")
    world.write("B", "b")
    revision = world.reload("a", "b", atomic=True)
    world.finish("b")
    world.forget()
    world.finish("a")
    assert world.of(Discard) == [Discard("b", 2)] and world.module("b").current == 1
    assert [m.outcome for m in world.outcome_of(revision).modules] == ["refused", "skipped"]


def test_an_edit_at_the_cap_is_told_once_and_loaded_as_soon_as_there_is_room() -> None:
    """The watcher forgets nothing; and it does not ask again and again."""
    world = at_the_cap()
    world.edit("C")
    world.edit("D")
    world.wait(1.0)
    assert len(world.events(EventName.RELOAD_REFUSED)) == 1 and world.module().current == 2
    shown = world.condition("OutOfSync")
    assert shown is not None and shown.reason == "too-many-generations"
    assert "held by op-1" in shown.message and "`hotctl drain op 1`" in shown.message
    world.end(1)
    world.settle()
    assert world.module().current == 3 and world.module().generations[3].digest == "D"
    assert "OutOfSync" not in world.kinds()


def test_a_refused_person_does_not_lose_the_watchers_change() -> None:
    """What was recorded while paused is still loaded at the resume."""
    world = at_the_cap()
    world.pause()
    world.edit("C")
    world.settle()
    world.reload()
    assert world.module().pending == {FILE}
    world.end(1)
    world.resume()
    world.settle()
    assert world.module().generations[3].digest == "C"


def test_a_refusal_does_not_forget_what_was_looked_at() -> None:
    """A manual module at its cap, which an undo has brought to what is on disk, is not called out of sync."""
    world = promoted(serving(spec(watch="manual", max_generations=2)), "B")
    world.undo()
    world.changed("/ops/op.py")
    world.settle()
    assert world.module().pending and world.view().out_of_sync
    world.undo(to=2)
    assert not world.view().out_of_sync

    revision = world.reload()

    assert world.outcome_of(revision).outcome == "refused"
    assert not world.view().out_of_sync


def test_a_pause_holds_back_what_the_watcher_had_not_begun() -> None:
    """A load already started completes; one that waits is not started."""
    world = serving()
    world.check()
    world.edit("B")
    world.pause()
    world.settle()
    assert world.module().current == 1 and not world.of(Promote)
    shown = world.condition("OutOfSync")
    assert shown is not None and shown.reason == "paused"
    assert not [r for r in world.book.history if r.listed and r.actor == "watch"]
    world.resume()
    world.settle()
    assert world.module().current == 2
    world.edit("C")
    world.pause()
    world.settle()
    assert world.module().current == 3


def test_a_pause_does_not_hold_back_a_person() -> None:
    """Pausing concerns the automatic path alone."""
    world = serving()
    world.pause()
    world.write("B")
    world.reload()
    world.settle()
    assert world.module().current == 2


def test_a_stopped_module_can_be_reloaded() -> None:
    """It gets the new code when it is started."""
    world = serving()
    world.stop()
    world.end(1)
    promoted(world, "B")
    assert world.module().current == 2 and world.running() == {}
    world.start()
    assert world.running() == {2: 2}


def test_a_revision_is_counted_once() -> None:
    """Numbers grow by one with every rollout and undo."""
    world = serving(spec("a"), spec("b"))
    numbers = [world.reload("a"), world.reload("b"), world.check("a")]
    assert numbers == [2, 3, 4] and world.book.next_revision == 5
    world.settle()
    assert promoted(world, "B", module="b").undo("b").revision == 6
