"""A rollout by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import (
    Busy,
    GenerationMismatch,
    Locked,
    NoCandidate,
    NothingInFlight,
    NotPermitted,
    Pinned,
    UnknownModule,
)
from hotd.contract.views import Change
from hotd.core import deploying, staging, undoing
from hotd.core.effects import AbandonLoad, Discard, Promote
from hotd.core.picture import generation_views, is_over
from hotd.core.reasons import Seen, why
from hotd.core.values import Actor
from tests.support.books import OP, ROOT, World, having, promoted, serving, spec


def stage(world: World, **keys: Any) -> Any:
    return world.tell(lambda book, now: staging.stage(book, requests.Stage(OP, **keys), ROOT, now))


def promote(world: World, **keys: Any) -> Any:
    return world.tell(lambda book, now: staging.promote(book, requests.Promote(OP, **keys), ROOT, now))


def abort(world: World, **keys: Any) -> Change:
    answer = world.tell(lambda book, now: staging.abort(book, requests.Abort(OP, **keys), ROOT, now))
    assert isinstance(answer, Change)
    return answer


def retry(world: World, **keys: Any) -> Any:
    return world.tell(lambda book, now: staging.retry(book, requests.Retry(OP, **keys), ROOT, now))


def staged(text: str = "B") -> tuple[World, int]:
    world = serving(spec())
    world.write(text)
    revision = stage(world)
    world.settle()
    return world, revision


def test_a_candidate_waits_for_a_word() -> None:
    """Loaded and checked, and serving nobody."""
    world, revision = staged()
    change = world.outcome_of(revision)

    assert is_over(world.book, revision) and is_over(world.book, revision - 1)
    assert (change.outcome, change.modules[0].outcome, change.modules[0].generation) == ("staged", "staged", 2)
    assert "`hotctl promote op`" in change.modules[0].note
    assert world.module().current == 1
    assert not world.of(Promote)
    world.wait(3600)
    assert world.module().current == 1


def test_a_candidate_that_waits_is_shown_with_the_words_it_waits_for() -> None:
    """A reload would be refused: it is not what to type."""
    world, revision = staged()
    word = "`hotctl promote op` makes it current, `hotctl abort op` throws it away"
    message = f"root staged a candidate (revision {revision}) that waits; {word}"
    (reason,) = why(world.book, world.module(), None, world.now, Seen()).reasons
    assert (reason.type, reason.next, reason.message) == ("InFlight", "hotctl promote op", message)

    world = serving(spec())
    world.pause()
    world.edit("B")
    world.settle()
    revision = stage(world)
    world.settle()
    shown = world.condition("OutOfSync")
    message = f"root staged a candidate (revision {revision}) that waits; {word}"
    assert shown is not None and (shown.reason, shown.message) == ("staged", message)
    told = [(one.type, one.next) for one in why(world.book, world.module(), None, world.now, Seen()).reasons]
    assert ("OutOfSync", "hotctl promote op") in told and "InFlight" not in dict(told)


def test_a_candidate_is_among_the_generations() -> None:
    """With its number, before anybody runs it; and no more once it is thrown away."""
    world, _ = staged()
    assert [(one.generation, one.state, one.instances) for one in world.view(OP).generations] == [
        (1, "current", 1),
        (2, "candidate", 0),
    ]
    (shown, _) = generation_views(world.book, world.module())
    assert (shown.generation, shown.state, shown.verdict, shown.actor) == (2, "candidate", "none", "root")

    abort(world)

    assert [one.generation for one in world.view(OP).generations] == [1]


def test_promote_makes_it_current() -> None:
    """The rollout is the one that was staged."""
    world, revision = staged()

    assert promote(world) == revision
    world.settle()

    assert world.outcome_of(revision).outcome == "promoted"
    assert world.module().current == 2
    assert world.book.history[-1].cause == "hotctl stage"


def test_abort_throws_it_away_and_the_watcher_does_not_load_it() -> None:
    """Until the content changes, or somebody says retry."""
    world, revision = staged()

    change = abort(world, reason="no")
    world.settle()

    assert (change.outcome, world.outcome_of(revision).outcome) == ("done", "aborted")
    assert change.note == f"revision {revision} was aborted (hotctl stage)"
    assert [one.number for one in world.of(Discard)] == [2]
    world.changed("/ops/op.py")
    world.settle()
    assert world.module().current == 1
    condition = world.condition("OutOfSync")
    assert condition is not None and condition.reason == "aborted"
    retry(world)
    world.settle()
    assert world.module().current == 2


def test_a_load_in_flight_can_be_aborted() -> None:
    """What it still brings is thrown away."""
    world = serving(spec())
    world.write("B")
    revision = world.reload()

    abort(world)
    assert world.of(AbandonLoad)
    world.settle()

    assert world.outcome_of(revision).outcome == "aborted"
    assert world.module().current == 1


def test_a_rejected_candidate_is_rejected() -> None:
    """There is nothing to promote then."""
    world, revision = staged("broken")
    assert world.outcome_of(revision).outcome == "rejected"
    with pytest.raises(NoCandidate):
        promote(world)


def test_other_changes_wait_for_that_word() -> None:
    """They name the candidate; files that change meanwhile are loaded when it is over."""
    world, revision = staged()
    for ask in (world.reload, lambda: stage(world), lambda: retry(world), world.undo):
        with pytest.raises(Busy, match=str(revision)):
            ask()
    assert world.reload(dry_run=True)
    world.settle()
    world.edit("C")
    world.settle()
    assert world.module().current == 1
    promote(world)
    world.settle()
    assert world.module().current == 3


def test_what_cannot_be_done_is_refused() -> None:
    """Unknown, another generation, nothing there, pinned."""
    world = serving(spec())
    with pytest.raises(NothingInFlight):
        abort(world)
    with pytest.raises(NoCandidate):
        promote(world)
    with pytest.raises(GenerationMismatch):
        stage(world, if_generation=2)
    with pytest.raises(UnknownModule):
        world.tell(lambda book, now: staging.stage(book, requests.Stage("oo"), ROOT, now))
    world, _ = staged()
    having(world, replace(world.module(), pinned=True))
    with pytest.raises(Pinned):
        promote(world)


def test_retry_tries_once_more_what_was_rejected_or_undone() -> None:
    """The cause may have been somewhere else."""
    world = promoted(serving(spec()), "B")
    world.undo()
    retry(world)
    world.settle()
    assert world.module().current == 2


def test_a_retry_that_is_refused_lifts_nothing() -> None:
    """Else what was undone would speak for itself no more, and nobody would come back to it either."""
    world = promoted(serving(spec(surge=1, max_generations=2)), "B")
    world.run()
    world.undo()
    before = world.module().quarantine
    error = world.outcome_of(retry(world)).modules[0].error
    assert error is not None and error.code == "too-many-generations"
    assert before and world.module().quarantine == before


def test_a_deploy_is_not_interfered_with() -> None:
    """Whoever stages or retries meanwhile is told who deploys."""
    world = serving(spec())
    world.tell(lambda book, now: deploying.deploy(book, requests.Deploy(), ROOT, now))
    for ask in (stage, retry):
        with pytest.raises(Locked):
            ask(world)


def test_only_what_is_still_in_flight_is_aborted() -> None:
    """Of two modules one is promoted already."""
    world = serving(spec(OP), spec("b"))
    world.write("B")
    world.write("B", "b")
    revision = world.reload(OP, "b")
    world.finish("b")

    change = abort(world)
    world.settle()

    assert [one.module for one in change.modules] == [OP]
    assert [one.outcome for one in world.outcome_of(revision).modules] == ["aborted", "promoted"]


def test_a_module_that_was_never_looked_at_can_be_retried() -> None:
    """There is nothing to lift, and something to load."""
    world = World(spec())
    retry(world)
    world.settle()
    assert world.module().current == 1


def test_a_rollout_is_aborted_by_who_operates_all_that_it_would_cancel() -> None:
    """An operator of one of its modules would otherwise decide about the others."""
    world = serving(spec(OP), spec("b"))
    ann = Actor("ann", 1000, "operator", (OP,))
    for name in (OP, "b"):
        world.write("B", name)
    world.reload(OP, "b")

    def by_ann(module: str) -> Any:
        return world.tell(lambda book, now: staging.abort(book, requests.Abort(module), ann, now))

    with pytest.raises(NotPermitted, match="may not abort b: that needs the role operator of b"):
        by_ann("b")
    with pytest.raises(NotPermitted, match="may not abort b: that needs the role operator of b"):
        by_ann(OP)
    world.finish("b")
    assert by_ann(OP).outcome == "done"


def test_an_aborted_undo_quarantines_nothing() -> None:
    """What was to come back is not what is on disk."""
    world = serving(spec(OP, standby=0), spec("b", standby=0))
    for name in (OP, "b"):
        world.write("B", name)
    revision = world.reload(OP, "b", atomic=True)
    world.settle()
    world.end(1)
    world.end(1, module="b")
    request = requests.Undo(revision=revision)
    undone = world.tell(lambda book, now: undoing.undo(book, request, ROOT, now))
    world.finish("b")

    abort(world)
    world.settle()

    assert world.outcome_of(undone).outcome == "aborted"
    assert [world.module(name).quarantine for name in (OP, "b")] == [{}, {}]
