"""Races, step by step: threads are held at named points, in every order that matters.

Whatever the order: one generation is current, each is of one piece, nobody sees half of one, and everybody comes home.
"""

from __future__ import annotations

import gc
import importlib
import sys
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hotd.contract.errors import Busy, ImportRejected
from hotd.loading import Generation, Loader, Pool
from hotd.loading.roots import Roots
from tests.integration.loading.racing import MAIN, HeldFiles, Scene, late
from tests.support.stepping import Actor, interleavings, pass_by, play


@pytest.fixture(autouse=True)
def points(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of nobody's, through which user code passes points and asks for names as a library would."""
    module = ModuleType("points")
    module.__dict__.update(pass_by=pass_by, asked=lambda name: sys.modules[name], seen=[])
    monkeypatch.setitem(sys.modules, "points", module)
    return module


Scenes = Callable[..., Scene]


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[Scenes]:
    """Makes scenes, each in a folder of its own."""
    made: list[Scene] = []

    def make(pool: Pool | None = None, passed: Callable[[str], None] = pass_by) -> Scene:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Scene(folder, pool, passed))
        return made[-1]

    yield make
    while made:
        made.pop().loader.close()


HALVES = ("read", "body", "staged")
"""Where a reload in two halves stops."""


EVERY = pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
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


@pytest.mark.parametrize("edit", ["below", "beside", "together"])
def test_old_code_imports_late_while_new_code_comes(scenes: Scenes, edit: str) -> None:
    """A lazy import of old code gets old code's module, whether or not new code has it too (``beside``), even at once
    (``together``), or has another one (``below``); and nobody waits for it who does not need that very module.
    """
    for order in interleavings(2, 4):
        scene = scenes()
        edited = ("a", "b", "m") if edit == "below" else ("m",)
        importing = Actor("import", late, scene.first, stops=("lazy",))
        load = partial(scene.stage_and_promote, together=edit == "together")
        loading = Actor("load", load, 2, *edited, stops=HALVES)
        play(order, [importing, loading])
        assert importing.value() == (1, 1), order
        assert loading.waited_for <= ({"lazy"} if edit == "together" else set()), order
        new = loading.value()
        assert late(new) == (1, 2 if edit == "below" else 1), order
        assert (new.module("lazy") is scene.first.module("lazy")) == (edit != "below"), order
        assert scene.loader.current is new
        scene.loader.close()


@pytest.mark.parametrize("failing", [False, True])
def test_two_threads_import_the_same_for_the_first_time(scenes: Scenes, points: Any, failing: bool) -> None:
    """It is executed once, and both get the whole of it; where that fails, the other one tries again."""
    trouble = "if len(points.seen) == 1: raise ImportError\n" if failing else ""
    text = f"import points\npoints.seen.append(1)\npoints.pass_by('lazy')\n{trouble}import a\nV = 1\n"
    for order in interleavings(2, 2):
        scene = scenes()
        generation = scene.loader.reload(scene.ops.write(lazy=text))
        points.seen.clear()
        actors = [Actor(f"import {number}", late, generation, stops=("lazy",)) for number in range(2)]
        play(order, actors)
        errors = [type(actor.error) for actor in actors if actor.error is not None]
        assert errors == [ImportError] * failing, order
        assert [actor.result for actor in actors if actor.error is None] == [(1, 1)] * (2 - failing), order
        assert len(points.seen) == 1 + failing, order
        scene.loader.close()


def test_new_code_imports_for_the_first_time_while_newer_code_comes(scenes: Scenes) -> None:
    """Its import is its own, and holds nobody up."""
    for order in interleavings(2, 4):
        scene = scenes()
        importing = Actor("import", late, scene.reload(2), stops=("lazy",))
        loading = Actor("load", scene.stage_and_promote, 3, stops=HALVES)
        play(order, [importing, loading], scene.look)
        assert importing.value() == (2, 2), order
        assert not loading.waited_for, order
        scene.end()


def test_an_undo_waits_for_nobody(scenes: Scenes) -> None:
    """Going back while something is loaded is done at once; who promotes last has the last word."""
    for order in interleavings(4, 1):
        scene = scenes()
        second = scene.reload(2)
        loading = Actor("load", scene.stage_and_promote, 3, stops=HALVES)
        undoing = Actor("undo", scene.promote, scene.first)
        play(order, [loading, undoing], scene.look)
        assert not undoing.waited_for, order
        assert undoing.value() is scene.first
        assert loading.value() not in (scene.first, second), order
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


class Garbage:
    """What nobody holds any more; at its end its code does what code may do."""

    def __init__(self, loader: Loader, generation: Generation, done: list[object]) -> None:
        self._loader = loader
        self._end = generation.module("m").seen
        self._late = generation.module("m").late
        self._done = done
        self.me = self

    def __del__(self) -> None:
        try:
            told = self._loader.touched_by(["/nowhere"]), len(self._loader.generations) > 0
            self._done.append((self._late(), self._end(), told))
        except BaseException as error:  # noqa: BLE001 - nobody else would tell
            self._done.append(error)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Garbage is collected where the test says so, and nowhere else."""
    gc.disable()
    yield
    gc.enable()


ENDED = [((2, 2), (2,) * 5, (False, True))]
"""What garbage of version 2 has done, once."""


@pytest.mark.usefixtures("no_collector")
def test_old_code_is_collected_while_a_load_is_under_way(scenes: Scenes) -> None:
    """What old code does at its end (import for the first time, ask for names) works, and holds nobody up."""
    for order in interleavings(4, 1):
        scene = scenes()
        done: list[object] = []
        Garbage(scene.loader, scene.reload(2), done)
        loading = Actor("load", scene.stage_and_promote, 3, stops=HALVES)
        collecting = Actor("collect", gc.collect)
        play(order, [loading, collecting], scene.look)
        assert done == ENDED, order
        assert not collecting.waited_for, order
        scene.end()


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
    assert done == ENDED
    scene.end()


@pytest.mark.parametrize("who", ["outside", "old code"])
def test_a_slow_import_of_nobodys_delays_no_swap(
    scenes: Scenes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """A thread sits in the import of an installed module, of its own or for old code: a reload comes and goes, also one
    whose code imports another installed module for the first time.
    """
    installed = tmp_path / "installed"
    installed.mkdir()
    for name in ("slow_one", "quick_one"):
        (installed / f"{name}.py").write_text(f"import points\npoints.pass_by({name!r})\n")
    monkeypatch.syspath_prepend(str(installed))
    for order in interleavings(2, 2):
        scene = scenes()
        scene.ops.write(old="def slow():\n    import slow_one\n    return slow_one\n")
        old = scene.loader.load("old").module("old").slow
        act = old if who == "old code" else partial(importlib.import_module, "slow_one")
        slow = Actor("slow", act, stops=("slow_one",))
        paths = scene.ops.write(m=MAIN.format(v=2) + "import quick_one\n")
        loading = Actor("load", scene.loader.reload, paths, stops=("body",))
        play(order, [slow, loading])
        assert not loading.waited_for, order
        assert loading.value() is scene.loader.current
        assert slow.value() is sys.modules.pop("slow_one")
        del sys.modules["quick_one"]
        scene.loader.close()


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


class HeldPool(Pool):
    """A pool, with a point while it makes parts."""

    def link(self, *args: Any) -> Any:
        made = super().link(*args)
        pass_by("link")
        return made


@pytest.mark.parametrize("failing", [False, True])
def test_two_loaders_want_the_same_new_module(scenes: Scenes, points: Any, failing: bool) -> None:
    """One executes what both import, the other waits for that and for nothing else; where the first one fails, the
    other one tries again and is not refused.
    """
    trouble = "if len(points.seen) == 1: raise RuntimeError\n" if failing else ""
    shared = f"import points\npoints.seen.append(1)\npoints.pass_by('shared')\n{trouble}V = 1\n"
    for order in interleavings(3, 3):
        pool = HeldPool()
        scene = scenes(pool)
        scene.ops.write(x="import shared\n", y="import shared\n", shared=shared)
        points.seen.clear()
        loaders = [Loader(Roots([scene.ops.root], HeldFiles()), pool=pool) for _ in range(2)]
        actors = [
            Actor(f"load {name}", loader.load, name, stops=("link", "shared"))
            for loader, name in zip(loaders, "xy", strict=True)
        ]
        play(order, actors)
        errors = [type(actor.error) for actor in actors if actor.error is not None]
        assert errors == [ImportRejected] * failing, order
        assert len(points.seen) == 1 + failing, order
        found = {actor.result.module("shared") for actor in actors if actor.error is None}
        assert len(found) == 1, order
        for loader in (*loaders, scene.loader):
            loader.close()


FACE = """
import sys, points
class Face:
    def __init__(self):
        self.__dict__.update(__name__=__name__, __path__=__path__, __spec__=__spec__)
    def __setattr__(self, name, value):
        points.pass_by("set")
        self.__dict__[name] = value
sys.modules[__name__] = Face()
"""


def test_a_package_that_is_an_object_of_its_own_has_its_submodule_before_anybody_goes_on(scenes: Scenes) -> None:
    """Two threads import a submodule for the first time: neither finds the package without it."""
    for order in interleavings(2, 2):
        scene = scenes()
        scene.ops.write(pkg__=FACE, pkg__sub="V = 1\n", n="def get():\n    import pkg.sub\n    return pkg.sub.V\n")
        generation = scene.loader.load("n")
        get = generation.module("n").get
        actors = [Actor(f"get {number}", generation.run, get, stops=("set",)) for number in range(2)]
        play(order, actors)
        assert [actor.value() for actor in actors] == [1, 1], order
        scene.loader.close()
