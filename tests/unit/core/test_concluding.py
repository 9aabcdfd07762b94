"""How members settle and rollouts close."""

from __future__ import annotations

import pytest

from hotd.contract.events import EventName
from hotd.core.concluding import overall
from hotd.core.effects import Discard, Promote
from tests.support.books import TOOK, World, promoted, serving, spec


@pytest.mark.parametrize(
    ("outcomes", "atomic", "word"),
    [
        ((), False, "unchanged"),
        (("promoted",), False, "promoted"),
        (("unchanged", "promoted"), False, "promoted"),
        (("skipped", "unchanged"), False, "unchanged"),
        (("skipped",), False, "skipped"),
        (("checked", "checked"), False, "checked"),
        (("rejected",), False, "rejected"),
        (("rejected", "rejected"), False, "rejected"),
        (("promoted", "rejected"), False, "partial"),
        (("unchanged", "refused"), False, "partial"),
        (("rejected", "refused"), False, "partial"),
        (("skipped", "rejected"), True, "rejected"),
        (("skipped", "refused"), True, "refused"),
        (("refused", "rejected"), True, "rejected"),
        (("promoted", "unchanged"), True, "promoted"),
    ],
)
def test_success_is_told_only_where_every_part_succeeded(outcomes: tuple[str, ...], atomic: bool, word: str) -> None:
    """Partial has a word of its own; of an atomic rollout nothing is ever done partly."""
    assert overall(outcomes, atomic=atomic) == word


def test_a_promote_tells_what_was_executed_and_who_still_runs_the_old_code() -> None:
    """In the answer, and in the event."""
    world = serving(spec(replicas=2))
    world.write("B")
    revision = world.reload(reason="a fix")
    world.settle()
    change = world.outcome_of(revision)
    (one,) = change.modules
    assert (change.outcome, one.outcome, one.previous, one.generation) == ("promoted", "promoted", 1, 2)
    assert (one.reloaded, one.duration_ms) == (("op",), TOOK * 1000)
    assert (one.serving.current, one.serving.old) == (0, 2)
    (told,) = world.events(EventName.RELOAD_PROMOTED)
    assert told.message == "op g2 is current after 250 ms, 2 still run g1"
    assert (told.cause, told.actor, told.generation) == ("hotctl reload: a fix", "root", 2)
    assert told.fields == {"previous": 1, "digest": "B", "reloaded": ["op"], "duration_ms": 250.0}
    assert world.module().reloads == 1


def test_a_first_load_is_no_reload() -> None:
    """``reloads`` counts swaps."""
    world = World()
    world.reload()
    world.settle()
    assert world.module().reloads == 0 and world.module().current == 1
    assert world.events(EventName.RELOAD_PROMOTED)[0].message == "op g1 is current after 250 ms"


def test_of_several_modules_each_is_promoted_as_soon_as_it_is_loaded() -> None:
    """Without ``--atomic`` nobody waits for a slow or a broken neighbour."""
    world = serving(spec("a"), spec("b"))
    world.write("B", "a")
    world.write("broken", "b")
    revision = world.reload("a", "b")
    world.finish("a")
    assert world.module("a").current == 2
    assert world.outcome_of(revision).outcome == "in-flight"
    world.finish("b")
    assert world.outcome_of(revision).outcome == "partial"
    assert [m.outcome for m in world.outcome_of(revision).modules] == ["promoted", "rejected"]


def test_atomic_members_are_promoted_together() -> None:
    """No instance starts in between: the swaps follow each other in one decision."""
    world = serving(spec("a", replicas=0), spec("b", replicas=0))
    for name in ("a", "b"):
        world.write("B", name)
    revision = world.reload("a", "b", atomic=True)
    world.finish("a")
    assert world.module("a").current == 1 and not world.of(Promote)
    world.finish("b")
    assert world.of(Promote) == [Promote("a", 2), Promote("b", 2)]
    assert world.outcome_of(revision).outcome == "promoted"


def test_one_broken_member_keeps_all_of_an_atomic_rollout_back() -> None:
    """The candidate is thrown away, the disk is known to differ, and who failed is named."""
    world = serving(spec("a"), spec("b"))
    world.write("B", "a")
    world.write("broken", "b")
    revision = world.reload("a", "b", atomic=True)
    world.settle()
    assert (world.module("a").current, world.module("b").current) == (1, 1)
    assert world.of(Discard) == [Discard("a", 2)] and not world.of(Promote)
    change = world.outcome_of(revision)
    assert (change.outcome, [m.outcome for m in change.modules]) == ("rejected", ["skipped", "rejected"])
    assert change.modules[0].note == "not promoted: b failed, and the rollout is atomic"
    out_of_sync = world.condition("OutOfSync", "a")
    assert out_of_sync is not None and out_of_sync.message == "files changed; `hotctl reload a` loads them"


def test_a_module_skipped_by_all_keeps_nobody_back() -> None:
    """``reload --all --atomic`` with one module undone promotes the others."""
    world = promoted(serving(spec("a"), spec("b")), "B", module="a")
    world.undo("a")
    world.write("B", "b")
    revision = world.reload(all=True, atomic=True)
    world.settle()
    assert [m.outcome for m in world.outcome_of(revision).modules] == ["skipped", "promoted"]
    assert world.module("b").current == 2


def test_the_history_has_what_was_asked_and_what_it_came_to() -> None:
    """From the asking to the outcome; what the watcher found unchanged, checks and plans leave no line."""
    world = serving()
    world.write("B")
    revision = world.reload()
    world.wait(2.0)
    world.settle()
    done = world.book.history[-1]
    assert (done.revision, done.change.revision, done.listed, done.duration_ms) == (revision, revision, True, 2000.0)
    assert done.at.mono == world.time - 2.0
    listed = len([r for r in world.book.history if r.listed])
    for unlisted in (lambda: world.changed("/ops/op.py"), world.check, lambda: world.reload(dry_run=True)):
        unlisted()
        world.settle()
        assert world.book.history[-1].change.revision is None
    assert len([r for r in world.book.history if r.listed]) == listed
    world.reload()
    world.settle()
    assert world.book.history[-1].listed, "but what a person asked for is told, also where nothing changed"


@pytest.mark.parametrize(
    ("keys", "event"),
    [({}, EventName.RELOAD_REFUSED), ({"all": True}, EventName.RELOAD_REFUSED)],
)
def test_what_was_not_loaded_is_an_event(keys: dict[str, bool], event: EventName) -> None:
    """With the reason."""
    world = promoted(serving(), "B")
    world.undo()
    world.forget()
    world.reload(**keys)
    world.settle()
    (told,) = world.events(event)
    assert "what is on disk for op was undone" in told.message
    world.write("A")
    world.reload()
    world.settle()
    (told,) = world.events(EventName.RELOAD_UNCHANGED)
    assert told.message == "op unchanged: g1 is what is on disk"


def test_a_plan_is_no_event() -> None:
    """It asked, and nothing was done."""
    world = serving()
    world.reload(dry_run=True)
    world.settle()
    world.check()
    world.settle()
    assert not world.events()


def test_nothing_to_load_is_unchanged() -> None:
    """``reload --all`` of a daemon that hosts nothing."""
    world = World()
    world.book = type(world.book)({}, world.now)
    revision = world.reload(all=True)
    assert world.outcome_of(revision).outcome == "unchanged"
