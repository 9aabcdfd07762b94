"""A deploy: the watcher is held, then all that changed is one rollout."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import GenerationMismatch, Locked, NotPermitted, Refused, ShuttingDown, UnknownModule
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core import deploying
from hotd.core.deploying import LEASE
from hotd.core.reconcile import next_deadline
from hotd.core.values import Actor
from tests.support.books import ROOT, World, serving, spec


def step(world: World, *modules: str, **keys: Any) -> Any:
    request = requests.Deploy(modules, **keys)
    return world.tell(lambda book, now: deploying.deploy(book, request, ROOT, now))


def begin(world: World, *modules: str, **keys: Any) -> int:
    change = step(world, *modules, reason="git pull", **keys)
    assert isinstance(change, Change)
    assert change.hold is not None
    return change.hold


def pair() -> World:
    return serving(spec("a"), spec("b"))


def test_what_changes_meanwhile_is_loaded_at_the_end_as_one() -> None:
    """Half of a ``git pull`` is never current."""
    world = pair()
    hold = begin(world)
    world.edit("B", "a")
    world.settle()
    assert world.module("a").current == 1
    assert (world.view("a").watch, world.condition("OutOfSync", "a").reason) == ("paused", "deploying")  # type: ignore[union-attr]
    world.edit("B", "b")

    revision = step(world, step="roll-out", hold=hold)
    world.settle()

    change = world.outcome_of(revision)
    assert [(one.module, one.outcome) for one in change.modules] == [("a", "promoted"), ("b", "promoted")]
    assert world.book.history[-1].cause == "hotctl deploy: git pull"
    assert world.view("a").watch == "auto"


def test_one_broken_module_keeps_all_back() -> None:
    """All of it or nothing."""
    world = pair()
    hold = begin(world)
    world.edit("B", "a")
    world.edit("broken", "b")
    revision = step(world, step="roll-out", hold=hold)
    world.settle()

    assert world.outcome_of(revision).outcome == "rejected"
    assert (world.module("a").current, world.module("b").current) == (1, 1)


def test_what_was_broken_before_does_not_keep_it_back() -> None:
    """Only what changed is part of the rollout; what was rejected already is skipped, unless it was named."""
    world = pair()
    world.edit("broken", "b")
    world.settle()
    hold = begin(world)
    world.edit("B", "a")
    revision = step(world, step="roll-out", hold=hold)
    world.settle()
    assert [one.outcome for one in world.outcome_of(revision).modules] == ["promoted", "skipped"]

    hold = begin(world, "b")
    revision = step(world, step="roll-out", hold=hold)
    world.settle()
    assert world.outcome_of(revision).outcome == "rejected"


def test_a_failed_command_loads_nothing() -> None:
    """What it left is shown, and loaded when somebody says so."""
    world = pair()
    hold = begin(world)
    world.edit("B", "a")

    change = step(world, step="let-go", hold=hold)
    world.settle()

    assert change.note == "let go; nothing was loaded"
    assert world.module("a").current == 1
    condition = world.condition("OutOfSync", "a")
    assert condition is not None and "hotctl reload a" in condition.message
    assert world.condition("OutOfSync", "b") is None
    (told,) = world.events(EventName.DEPLOY_FAILED)
    assert told.message == "hotctl deploy: git pull: the command failed; nothing was loaded"
    world.edit("C", "a")
    world.settle()
    assert world.module("a").current == 2


def test_after_a_failed_command_a_resume_loads_what_the_pause_held_back() -> None:
    """It was told to, before and meanwhile; the failed command alone loads nothing."""
    world = pair()
    world.pause()
    world.edit("B", "a")
    world.settle()
    hold = begin(world)
    step(world, step="let-go", hold=hold)
    world.settle()
    assert world.module("a").current == 1
    condition = world.condition("OutOfSync", "a")
    assert condition is not None and "`hotctl resume`" in condition.message
    world.resume()
    world.settle()
    assert world.module("a").current == 2


def test_a_client_that_goes_away_lets_go() -> None:
    """After 30 s without a sign of it; with signs it may take hours."""
    world = pair()
    hold = begin(world)
    world.edit("B", "a")
    for _ in range(10):
        world.wait(LEASE - 1)
        step(world, step="keep", hold=hold)
    assert world.book.hold is not None
    assert next_deadline(world.book) is not None

    world.wait(LEASE + 1)

    assert world.book.hold is None
    assert world.module("a").current == 1
    assert world.condition("OutOfSync", "a") is not None
    with pytest.raises(Refused, match="is over; nothing was loaded"):
        step(world, step="roll-out", hold=hold)


def test_only_the_named_modules_are_held() -> None:
    """The others follow their files as always."""
    world = pair()
    begin(world, "a")
    world.edit("B", "a")
    world.edit("B", "b")
    world.settle()

    assert (world.module("a").current, world.module("b").current) == (1, 2)
    assert world.reload("b")


def test_two_operators_do_not_deploy_at_once() -> None:
    """The second is told who, since when, and what."""
    world = pair()
    begin(world, "a")
    world.wait(5)

    with pytest.raises(Locked, match=r"root is deploying since 5 s \(hotctl deploy: git pull\)"):
        begin(world, "b")
    with pytest.raises(Locked):
        world.reload("a")
    assert world.reload("a", dry_run=True)


def test_a_deploy_goes_on_for_who_operates_all_that_it_holds() -> None:
    """Its number alone is no key: neither to let go of somebody else's, nor to roll it out."""
    world = pair()
    ann, ops = Actor("ann", 1000, "operator", ("a",)), Actor("ops", 1001, "operator", ("*",))

    def by(actor: Actor, *modules: str, **keys: Any) -> Any:
        request = requests.Deploy(modules, **keys)
        return world.tell(lambda book, now: deploying.deploy(book, request, actor, now))

    hold = begin(world)
    for named in ((), ("a",)):
        with pytest.raises(NotPermitted, match="may not deploy all modules at once: that needs the role admin"):
            by(ann, *named, hold=hold, step="let-go")
    by(ops, hold=hold, step="let-go")
    hold = begin(world, "a", "b")
    with pytest.raises(NotPermitted, match="may not deploy b: "):
        by(ann, hold=hold, step="roll-out")
    by(ops, hold=hold, step="let-go")
    hold = by(ann, "a").hold
    assert isinstance(by(ann, hold=hold, step="roll-out"), int)


def test_what_cannot_be_held_is_refused() -> None:
    """Unknown, another generation, the end of the daemon."""
    world = pair()
    with pytest.raises(UnknownModule):
        begin(world, "c")
    with pytest.raises(GenerationMismatch):
        begin(world, "a", if_generation=2)
    world.shut_down()
    with pytest.raises(ShuttingDown):
        begin(world)


def test_pinned_and_undone_modules_are_skipped_where_nobody_named_them() -> None:
    """As ``reload --all`` does."""
    world = pair()
    world.edit("B", "b")
    world.settle()
    world.undo("b")
    hold = begin(world)
    world.edit("B", "a")
    revision = step(world, step="roll-out", hold=hold)
    world.settle()

    assert [one.outcome for one in world.outcome_of(revision).modules] == ["promoted", "skipped"]
