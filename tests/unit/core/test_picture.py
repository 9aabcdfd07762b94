"""Views of the book."""

from __future__ import annotations

import pytest

from hotd.contract import views
from hotd.contract.errors import UnknownRevision
from hotd.core.messages import PartFile
from hotd.core.picture import (
    failure_views,
    generation_views,
    history_view,
    hosted_module,
    instance_views,
    kept_failure_view,
    module_views,
)
from hotd.core.times import rfc3339
from hotd.core.values import Progress
from tests.support.books import World, promoted, serving, spec


def test_a_module_before_its_first_generation() -> None:
    """``generation: null``."""
    view = World().view()
    assert (view.generation, view.digest, view.loaded_at, view.rejected) == (None, None, None, None)
    assert view.generations == () and view.serving == views.Serving(0, 0)
    assert (view.name, view.entry, view.replicas, view.surge, view.watch) == ("op", "op:Op", 1, 0, "auto")
    assert (view.permanent, view.pinned, view.stopped, view.reloads, view.errors) == (None, False, False, 0, 0)


def test_a_module_shows_what_is_in_memory_oldest_first() -> None:
    """With the instances of each."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.end(1)
    view = world.view()
    assert view.generations == (views.GenerationCount(1, "draining", 1), views.GenerationCount(2, "current", 1))
    assert (view.generation, view.digest, view.reloads) == (2, "B", 1)
    assert view.loaded_at == rfc3339(world.now) and view.serving == views.Serving(1, 1)


def test_a_module_that_looks_as_before_is_the_same_view() -> None:
    """Who has its text need not write it again: what happens to one module is not told of the others."""
    world = World(spec("a"), spec("b"))
    before = module_views(world.book, {})
    assert set(before) == {"a", "b"} and before["a"] == world.view("a")
    world.pause("a")

    after = module_views(world.book, before)

    assert after["a"].watch == "paused"
    assert after["b"] is before["b"]


@pytest.mark.parametrize(("paused", "watch", "shown"), [(True, "manual", "paused"), (False, "manual", "manual")])
def test_how_a_module_is_watched(paused: bool, watch: str, shown: str) -> None:
    """A pause is shown before what is configured."""
    world = World(spec(watch=watch))
    if paused:
        world.pause("op")
    assert world.view().watch == shown


def test_a_hosted_module_shows_its_closure_too() -> None:
    """All of MODULE, and what it is made of."""
    world = serving()
    parts = (PartFile("op", "/ops/op.py", "d"),)
    view = hosted_module(world.book, world.module(), parts)
    assert view.closure == (views.PartView("op", "/ops/op.py", "d"),) and view.roots == ("/ops",)
    assert view.generation == world.view().generation


def test_instances_are_shown_with_their_age_and_what_they_say_of_themselves() -> None:
    """And whether their code is current."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.end(1)
    world.wait(1.5)
    said = {2: Progress(3, 10, "rows")}
    shown = instance_views(world.module(), world.now, lambda one: said.get(one.number))
    assert [(i.id, i.generation, i.state, i.current) for i in shown] == [
        ("op-2", 1, "running", False),
        ("op-3", 2, "starting", True),
    ]
    assert [i.age_s for i in shown] == [11.5, 1.5]
    assert shown[0].progress == views.ProgressView(3, 10, "rows") and shown[1].progress is None


def test_generations_are_shown_newest_first_with_those_that_were_refused() -> None:
    """A refused one never got a number."""
    world = serving()
    for text in ("broken", "B"):
        world.wait(1.0)
        world.edit(text)
        world.settle()
    shown = generation_views(world.book, world.module())
    assert [(g.generation, g.state, g.verdict) for g in shown] == [
        (2, "current", "promoted"),
        (None, "rejected", "rejected"),
        (1, "draining", "superseded"),
    ]
    assert shown[1].error is not None and shown[1].error.line == 3 and shown[1].instances == 0
    assert [g.cause for g in shown] == ["watch: op.py", "watch: op.py", "hotctl reload"]
    assert [g.duration_ms for g in shown] == [250.0, 250.0, 250.0] and shown[2].instances == 1


def test_the_history_tells_what_went_from_where_to_where() -> None:
    """Newest first, undone ones too, checks not; of one module or all."""
    world = promoted(serving(spec("a"), spec("b")), "B", module="a")
    world.check("a")
    world.settle()
    world.undo("a", reason="it smells")
    world.edit("broken", "b")
    world.settle()
    history = history_view(world.book, None, 50)
    assert [(r.revision, r.outcome, r.actor, r.cause) for r in history] == [
        (5, "rejected", "watch", "watch: b.py"),
        (4, "undone", "root", "hotctl undo: it smells"),
        (2, "promoted", "root", "hotctl reload"),
        (1, "promoted", "root", "hotctl reload"),
    ]
    moves = [[(m.module, m.previous, m.to) for m in r.modules] for r in history]
    assert moves == [[("b", 1, 1)], [("a", 2, 1)], [("a", 1, 2)], [("a", None, 1), ("b", None, 1)]]
    assert [r.revision for r in history_view(world.book, "b", 50)] == [5, 1]
    assert [r.revision for r in history_view(world.book, None, 2)] == [5, 4]
    assert len(history_view(world.book, None, 1)) == 1 and history_view(world.book, None, 0) == ()


def test_failures_are_shown_newest_last() -> None:
    """As a log reads."""
    world = serving(spec(replicas=2))
    world.fail(1, message="first")
    world.fail(2, message="second")
    shown = failure_views(world.module(), 5)
    assert [(f.instance, f.generation, f.error.message) for f in shown] == [
        ("op-1", 1, "ValueError: first"),
        ("op-2", 1, "ValueError: second"),
    ]
    assert len(failure_views(world.module(), 1)) == 1 and failure_views(world.module(), 0) == ()


def test_the_outcome_of_a_rollout_is_told_as_far_as_it_is_known() -> None:
    """Members that are over already, and those that are not."""
    world = serving(spec("a"), spec("b"))
    world.write("B", "a")
    revision = world.reload("a", "b", reason="deploy")
    world.finish("a")
    change = world.outcome_of(revision)
    assert (change.outcome, change.note, change.revision) == ("in-flight", "hotctl reload: deploy", revision)
    assert [m.outcome for m in change.modules] == ["promoted", "in-flight"]
    world.settle()
    assert world.outcome_of(revision).outcome == "promoted"


def test_an_unknown_rollout_is_unknown() -> None:
    """66; where to look is said."""
    with pytest.raises(UnknownRevision) as raised:
        World().outcome_of(99)
    assert raised.value.hint == "`hotctl history` lists those that are remembered"


def test_a_failure_of_an_earlier_daemon_is_shown_like_any_other() -> None:
    """As the store has it."""
    world = serving()
    world.fail(1)
    (kept,), (ours,) = world.shelf.failures, failure_views(world.module(), 1)
    assert kept_failure_view(kept) == ours
