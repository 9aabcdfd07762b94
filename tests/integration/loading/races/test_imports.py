"""Imports of old code, of new code and of nobody's, while something is loaded: in every order that matters.

Each gets its own module, once, whole, and waits for nobody who does not execute that very module.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from typing import Any

import pytest

from hotd.contract.errors import ImportRejected
from hotd.loading import Loader, Pool
from hotd.loading.sources.roots import Roots
from tests.integration.loading.races.conftest import Scenes
from tests.integration.loading.races.scene import HALVES, MAIN, HeldFiles, late
from tests.support.stepping import Actor, interleavings, pass_by, play


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


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("who", ["outside", "old code"])
def test_a_slow_import_of_nobodys_delays_no_swap(scenes: Scenes, who: str) -> None:
    """A thread sits in the import of an installed module, of its own or for old code: a reload comes and goes, also one
    whose code imports another installed module for the first time.
    """
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
