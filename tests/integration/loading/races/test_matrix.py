"""Everything that a thread may be in the middle of, against everything that another one may come with.

Reload, undo, an import of old code, the first import of new code, a collection, an import of nobody's: any two of them,
in every order in which their steps can come.
"""

from __future__ import annotations

import gc
import importlib
import random
import sys
import weakref
from collections.abc import Callable, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Any

import pytest

from hotd.loading import Generation
from tests.integration.loading.races.conftest import Scenes
from tests.integration.loading.races.scene import HALVES, Garbage, Scene, ended, late
from tests.support.stepping import Actor, interleavings, play

SLOW = ("slow_one", "slow_two")


class Stage:
    """A scene with an old generation, a new one that is current, and one whose code nobody holds any more."""

    def __init__(self, scene: Scene, doomed: int) -> None:
        self.scene = scene
        self.old = scene.first
        self.done: list[object] = []
        self._doomed = [self._gone_some_day(9 - number) for number in range(doomed)]
        self.new = scene.reload(2)
        for name in SLOW:
            sys.modules.pop(name, None)

    def _gone_some_day(self, v: int) -> tuple[int, weakref.ref[Generation]]:
        generation = self.scene.reload(v)
        Garbage(self.scene.loader, generation, self.done)
        self.scene.forget(generation)
        return v, weakref.ref(generation)

    def end(self) -> None:
        """The scene's, and what nobody holds is gone, after its code could do what it had to do."""
        gc.collect()
        assert sorted(map(str, self.done)) == sorted(str(one) for v, _ in self._doomed for one in ended(v))
        assert [generation() for _, generation in self._doomed] == [None] * len(self._doomed)
        self.scene.end()


def reload(stage: Stage, number: int) -> Actor:
    return Actor(f"reload-{number}", stage.scene.stage_and_promote, 3 + number, stops=HALVES)


def undo(stage: Stage, number: int) -> Actor:
    return Actor(f"undo-{number}", stage.scene.promote, stage.old)


def import_of_old_code(stage: Stage, number: int) -> Actor:
    return Actor(f"old-{number}", late, stage.old, stops=("lazy",))


def first_import_of_new_code(stage: Stage, number: int) -> Actor:
    return Actor(f"new-{number}", late, stage.new, stops=("lazy",))


def collection(_: Stage, number: int) -> Actor:
    return Actor(f"collect-{number}", gc.collect, stops=("end",))


def import_of_nobodys(_: Stage, number: int) -> Actor:
    return Actor(f"slow-{number}", importlib.import_module, SLOW[number], stops=SLOW)


Kind = Callable[[Stage, int], Actor]
KINDS: dict[Kind, Callable[[Stage, int, Any], bool]] = {
    reload: lambda stage, _, made: made in stage.scene.promoted,
    undo: lambda stage, _, made: made is stage.old,
    import_of_old_code: lambda _, __, seen: seen == (1, 1),
    first_import_of_new_code: lambda _, __, seen: seen == (2, 2),
    collection: lambda _, __, ___: True,
    import_of_nobodys: lambda _, number, module: module is sys.modules[SLOW[number]],
}
"""What is done, and whether what came of it is right."""
WAITS: dict[tuple[Kind, ...], set[str]] = {
    (reload, reload): {"read", "body"},  # one looks at the disk at a time; what is equal is executed once
    (import_of_old_code, import_of_old_code): {"lazy"},  # for that very module
    (first_import_of_new_code, first_import_of_new_code): {"lazy"},
}
"""Where one may stand while the other waits for it. Nobody else waits for anybody."""


def race(scenes: Scenes, kinds: Sequence[Kind], order: Sequence[int]) -> set[str]:
    """One scene, played in this order; where one stood while another one waited."""
    stage = Stage(scenes(), kinds.count(collection))
    numbers = [kinds[:at].count(kind) for at, kind in enumerate(kinds)]
    actors = [kind(stage, number) for kind, number in zip(kinds, numbers, strict=True)]
    play(order, actors, stage.scene.look)
    for kind, number, actor in zip(kinds, numbers, actors, strict=True):
        assert KINDS[kind](stage, number, actor.value()), (kind.__name__, order)
    stage.end()
    return {point for actor in actors for point in actor.waited_for}


def steps(kinds: Sequence[Kind]) -> list[int]:
    stops: dict[Kind, int] = {reload: len(HALVES), undo: 0}
    return [stops.get(kind, 1) + 1 for kind in kinds]


def named(kinds: Sequence[Kind]) -> str:
    return " and ".join(kind.__name__ for kind in kinds)


@pytest.mark.usefixtures("installed", "no_collector")
@pytest.mark.parametrize(
    "kinds",
    list(combinations_with_replacement(KINDS, 2)),
    ids=lambda kinds: " and ".join(one.__name__ for one in kinds),
)
def test_any_two_come_in_any_order(scenes: Scenes, kinds: tuple[Kind, Kind]) -> None:
    """Each does what it came for, sees one version only, and waits for nobody but who does the very same."""
    orders = list(interleavings(*steps(kinds)))
    for order in orders[:: 1 + len(orders) // 16]:
        assert race(scenes, kinds, order) <= WAITS.get(kinds, set()), order


@pytest.mark.soak
@pytest.mark.usefixtures("installed", "no_collector")
@pytest.mark.parametrize("kinds", list(combinations(KINDS, 3)), ids=named)
def test_any_three_come_in_many_orders(scenes: Scenes, kinds: tuple[Kind, ...]) -> None:
    """Whom two do not hold up, three do not."""
    orders = list(interleavings(*steps(kinds)))
    for order in random.Random(7).sample(orders, min(40, len(orders))):
        assert race(scenes, kinds, order) == set(), order
