"""Loads against loads, undos and the end, held at named points in every order that matters.

Whatever the order: one generation is current, each is of one piece, nobody sees half of one, and everybody comes home.
"""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest

from hotd.contract.errors import Busy
from hotd.loading import Generation, Loader
from tests.integration.loading.races.conftest import Scenes
from tests.integration.loading.races.scene import HALVES, Garbage, ended
from tests.support.stepping import Actor, interleavings, pass_by, play

EVERY = pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
"""So many orders apart; all of them take a while."""


@EVERY
@pytest.mark.parametrize("other", ["promoted", "thrown away"])
def test_two_loads_aside_come_in_any_order(scenes: Scenes, other: str, every: int) -> None:
    """Two threads stage and promote: who promotes last is current, and what the other one saw is not forgotten, though
    its candidate be thrown away. One waits for the other while that looks at the disk, or executes what both need.
    """
    for order in list(interleavings(4, 4))[::every]:
        scene = scenes()
        one = Actor("load 2", scene.stage_and_promote, 2, stops=HALVES)
        two = Actor("load 3", scene.stage_and_promote if other == "promoted" else scene.check, 3, stops=HALVES)
        play(order, [one, two], scene.look)
        numbers = {actor.value().number for actor in (one, two)}
        assert numbers in ({2}, {2, 3}), order
        equal = numbers == {2}  # one wrote while the other had not read: what is new is one module for both
        assert one.waited_for | two.waited_for <= ({"read", "body"} if equal else {"read"}), order
        scene.end()


def test_two_reloads_come_one_after_the_other(scenes: Scenes) -> None:
    """Two threads reload: each returns what it brought, and the later one has seen the disk last."""
    for order in interleavings(3, 3):
        scene = scenes()
        actors = [Actor(f"reload {v}", scene.reload, v, stops=("read", "body")) for v in (2, 3)]
        play(order, actors, scene.look)
        assert all(isinstance(actor.value(), Generation) for actor in actors), order
        assert scene.loader.current is not None
        assert scene.on_disk == scene.loader.current.module("m").V, order
        scene.end()


def test_a_reload_that_finds_nothing_does_not_take_an_undo_back(scenes: Scenes) -> None:
    """It was asked before the undo and saw that the disk was current then; what it returns is that."""
    for order in interleavings(2, 1):
        scene = scenes()
        second = scene.reload(2)
        reloading = Actor("reload", scene.loader.reload, stops=("read",))
        undoing = Actor("undo", scene.promote, scene.first)
        play(order, [reloading, undoing], scene.look)
        assert not undoing.waited_for, order
        if scene.loader.current is scene.first:
            assert reloading.value() is second, order
        else:  # the undo came first, or during the look: the disk was brought again
            assert reloading.value().module("m").seen() == (2,) * 5, order
        scene.loader.close()


class Held(Generation):
    """A generation that is held while a loader writes down what belongs to it."""

    def table(self) -> Any:
        pass_by("table")
        return super().table()


def test_two_undos_leave_one_current_and_keep_nothing_else(scenes: Scenes) -> None:
    """Also where one is held in the middle: what the other one left is not kept in memory by what the loader knows."""
    for order in interleavings(2, 1):
        scene = scenes()
        held = [Held(0, "another", scene.first.entries)]
        for part in scene.reload(2).entry_parts():
            held[0].start_from(part)
        gone = weakref.ref(held[0])

        def undo(loader: Loader = scene.loader, held: list[Held] = held) -> None:
            loader.promote(held.pop())

        undoing, back = Actor("undo", undo, stops=("table",)), Actor("back", scene.promote, scene.first)
        play(order, [undoing, back])
        assert not back.waited_for, order
        if scene.loader.current is not scene.first:
            scene.promote(scene.first)
        gc.collect()
        assert gone() is None, order
        scene.loader.close()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("point", ["read", "body"])
def test_old_code_is_collected_by_who_loads(scenes: Scenes, points: Any, point: str) -> None:
    """The collector may run on the loading thread, whatever that holds just then."""
    armed: list[str] = []

    def passed(at: str) -> None:
        if at in armed:
            gc.collect()

    points.pass_by = passed
    scene = scenes(passed=passed)
    done: list[object] = []
    Garbage(scene.loader, scene.reload(2), done)
    armed.append(point)
    loading = Actor("load", scene.stage_and_promote, 3)
    play((0,), [loading])
    assert loading.value() is scene.loader.current
    assert done == ended(2)
    scene.end()


def test_a_loader_is_closed_at_any_moment(scenes: Scenes) -> None:
    """Who loads is told that it is closed, or was in time; nothing of it is found by anybody afterwards."""
    for order in interleavings(4, 1):
        scene = scenes()
        loading = Actor("load", scene.stage_and_promote, 2, stops=HALVES)
        closing = Actor("close", scene.loader.close)
        play(order, [loading, closing])
        assert not closing.waited_for, order
        assert closing.value() is None
        if order[-1] != 1:
            with pytest.raises(Busy, match="closed"):
                loading.value()
        assert (scene.loader.current, scene.loader.generations) == (None, ()), order
        assert not {"m", "a", "b", "lazy"} & sys.modules.keys(), order
        assert scene.first.module("m").b.a.V == 1
