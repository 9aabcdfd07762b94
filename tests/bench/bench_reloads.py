"""What a reload costs, beside what cannot be avoided. Not collected by itself: `make bench`."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotd.loading import Loader
from tests.bench import bare
from tests.bench.conftest import Tell
from tests.bench.paired import Action, paired
from tests.bench.programs import Program, flat, popular, single, tree


@pytest.fixture
def one(tmp_path: Path) -> Iterator[tuple[Program, Loader]]:
    """A program of one module of a hundred lines, loaded."""
    program = Program(tmp_path / "one", single())
    with Loader([program.root]) as loader:
        loader.load("m")
        yield program, loader


def reload(program: Program, loader: Loader, name: str) -> Action:
    """Edit a module, and measure the reload."""
    return Action(lambda: loader.reload(changed=[program.path(name)]), lambda: program.edit(name))


def ms(times: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds * 1e3:.2f} ms" for name, seconds in times.items())


def test_one_module(one: tuple[Program, Loader], holds: Tell) -> None:
    """At most twice the bare read, digest, compile and exec of that source."""
    program, loader = one
    path = program.path("m")
    bare_load = Action(lambda: bare.load(path), lambda: program.edit("m"))
    times = paired({"reload": reload(program, loader, "m"), "bare": bare_load}, 400)
    holds("one module of 100 lines: reload / bare", times["reload"] / times["bare"], 2, ms(times))


@pytest.mark.parametrize(
    ("shape", "size", "bound"),
    [("tree", 1_000, 1.5), ("flat", 1_000, 1.5), ("tree", 10_000, 2), ("flat", 10_000, 2)],
)
@pytest.mark.timeout(900)
def test_a_leaf(shape: str, size: int, bound: float, one: tuple[Program, Loader], tmp_path: Path, holds: Tell) -> None:
    """At most so many times the reload of a program of one module; the dependents' own execution comes on top.

    That is measured bare: their code, compiled before, executed by itself. In a tree each module imports ten more, so
    that a leaf has three or four dependents; in a flat program the entry imports all the others.
    """
    program = Program(tmp_path / "many", tree(size) if shape == "tree" else flat(size))
    leaf = list(program.imports)[-1]
    with Loader([program.root]) as loader, bare.dependents(program, leaf) as codes:
        loader.load("m")
        actions = {
            "leaf": reload(program, loader, leaf),
            "one module": reload(*one, "m"),
            "dependents, bare": Action(lambda: [bare.execute(code) for code in codes]),
        }
        times = paired(actions, 150 if size == 1_000 else 60)
    figure = (times["leaf"] - times["dependents, bare"]) / times["one module"]
    what = f"leaf among {size:,}, {shape}, {len(codes)} dependents: (reload - dependents) / reload of one module"
    holds(what, figure, bound, ms(times))


def test_a_helper_with_62_dependents(tmp_path: Path, holds: Tell) -> None:
    """At most one and a half times the bare exec of those 63 and one compile."""
    program = Program(tmp_path, popular(1_000))
    path = program.path("helper")
    with Loader([program.root]) as loader, bare.dependents(program, "helper") as codes:
        assert len(codes) == 62
        loader.load("m")

        def again() -> None:
            bare.execute(compile(path.read_bytes(), str(path), "exec", dont_inherit=True))
            for code in codes:
                bare.execute(code)

        actions = {"reload": reload(program, loader, "helper"), "bare": Action(again, lambda: program.edit("helper"))}
        times = paired(actions, 250)
    holds("helper with 62 dependents of 1,000: reload / bare", times["reload"] / times["bare"], 1.5, ms(times))


def test_a_heap_of_two_million_lists(one: tuple[Program, Loader], holds: Tell) -> None:
    """A reload does not look at the heap: with and without two million lists it costs the same."""
    action = {"reload": reload(*one, "m")}
    without = paired(action, 200)["reload"]
    heap = [[] for _ in range(2_000_000)]  # type: ignore[var-annotated]
    gc.collect()
    full = paired(action, 200)["reload"]
    del heap
    again = paired(action, 200)["reload"]
    empty = statistics.mean((without, again))
    holds("heap of 2 M lists: reload with / without", full / empty, 1.15, ms({"with": full, "without": empty}))


def test_two_thousand_reloads(one: tuple[Program, Loader], holds: Tell) -> None:
    """The last reloads cost what the first ones did, each beside the bare load of the same file."""
    program, loader = one
    path = program.path("m")
    sides = {"reload": reload(program, loader, "m"), "bare": Action(lambda: bare.load(path), lambda: program.edit("m"))}
    first = paired(sides, 100)
    for _ in range(2_000):
        loader.reload(changed=[program.edit("m")])
    last = paired(sides, 100)
    figure = last["reload"] / last["bare"] / (first["reload"] / first["bare"])
    told = ms({"last": last["reload"], "bare": last["bare"], "first": first["reload"], "bare then": first["bare"]})
    holds("after 2,000 reloads: (reload / bare) / that of the first", figure, 1.15, told)
