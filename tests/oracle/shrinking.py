"""A failing scenario made small: whatever can go while it fails the same way goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from tests.oracle.editing import whole
from tests.oracle.program import TOP, VALUE, Item, Module, Program, items_of, with_items, without
from tests.oracle.scenario import Scenario, Step

Fails = Callable[[Scenario], bool]


def shrunk(scenario: Scenario, fails: Fails, tries: int = 600) -> Scenario:
    """The smallest scenario found that still fails. Deterministic: no chance and no clock, only a number of tries."""
    left = tries
    again = True
    while again:
        again = False
        for pass_ in PASSES:
            at = 0
            while (smaller := _nth(pass_(scenario), at)) is not None:
                if left <= 0:
                    return scenario
                left -= 1
                if smaller != scenario and fails(smaller):
                    scenario, again = smaller, True
                else:
                    at += 1
    return scenario


def _nth(found: Iterator[Scenario], at: int) -> Scenario | None:
    for number, one in enumerate(found):
        if number == at:
            return one
    return None


# --- passes: each yields scenarios a little smaller ------------------------------------------------------------------


def fewer_steps(scenario: Scenario) -> Iterator[Scenario]:
    for at in reversed(range(len(scenario.steps))):
        if len(scenario.steps) > 1:
            yield replace(scenario, steps=scenario.steps[:at] + scenario.steps[at + 1 :])


def fewer_lines(scenario: Scenario) -> Iterator[Scenario]:
    for entry in scenario.entries:
        if len(scenario.entries) > 1:
            yield replace(scenario, entries=(entry,))


def plainer_steps(scenario: Scenario) -> Iterator[Scenario]:
    if scenario.raw:
        yield replace(scenario, raw=False)
    for at, step in enumerate(scenario.steps):
        for plainer in (
            replace(step, undo=None), replace(step, drop=None), replace(step, how="reload"),
            replace(step, look="full"), replace(step, lines=(True, True)),
        ):  # fmt: skip
            if plainer != step:
                yield _with_step(scenario, at, plainer)


def fewer_modules(scenario: Scenario) -> Iterator[Scenario]:
    for key in _keys(scenario):
        if key not in scenario.entries:
            yield _everywhere(scenario, partial(without, keys=frozenset({key})))


def fewer_items(scenario: Scenario) -> Iterator[Scenario]:
    for name in _ids(scenario):
        yield _everywhere(scenario, partial(without, ids=frozenset({name})))


def fewer_refs(scenario: Scenario) -> Iterator[Scenario]:
    for name in _ids(scenario):
        for at in range(3):
            yield _item(scenario, name, partial(_without_ref, at=at))


def fewer_differences(scenario: Scenario) -> Iterator[Scenario]:
    """A module stays as it was a step before."""
    for at in range(1, len(scenario.steps)):
        before, now = scenario.steps[at - 1].version, scenario.steps[at].version
        for key in now:
            if key in before and before[key] != now[key]:
                same = whole({**now, key: before[key]})
                yield _with_step(scenario, at, replace(scenario.steps[at], version=same))


def plainer_modules(scenario: Scenario) -> Iterator[Scenario]:
    for key in _keys(scenario):
        yield _module(scenario, key, lambda module: replace(module, lead=0))
        yield _module(scenario, key, lambda module: replace(module, exports=False))


def plainer_items(scenario: Scenario) -> Iterator[Scenario]:
    for name in _ids(scenario):
        yield _item(scenario, name, _plain)
        for style, when in (("as", TOP), ("as", None), (None, TOP)):
            yield _item(scenario, name, partial(_respelled, style=style, when=when))


PASSES = (
    fewer_steps,
    fewer_lines,
    fewer_modules,
    fewer_items,
    fewer_differences,
    fewer_refs,
    plainer_steps,
    plainer_modules,
    plainer_items,
)


def _plain(item: Item) -> Item:
    return replace(item, kind="function", refs=tuple(ref for ref in item.refs if ref.role == VALUE))


def _respelled(item: Item, style: str | None, when: str | None) -> Item:
    refs = tuple(replace(ref, style=style or ref.style, when=when or ref.when) for ref in item.refs)
    return replace(item, refs=refs)


def _without_ref(item: Item, at: int) -> Item:
    return replace(item, refs=item.refs[:at] + item.refs[at + 1 :])


def _keys(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys(key for step in scenario.steps for key in step.version))


def _ids(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys(item.id for step in scenario.steps for _, item in items_of(step.version)))


def _with_step(scenario: Scenario, at: int, step: Step) -> Scenario:
    return replace(scenario, steps=(*scenario.steps[:at], step, *scenario.steps[at + 1 :]))


def _everywhere(scenario: Scenario, change: Callable[[Program], Program]) -> Scenario:
    return replace(scenario, steps=tuple(replace(step, version=whole(change(step.version))) for step in scenario.steps))


def _module(scenario: Scenario, key: str, change: Callable[[Module], Module]) -> Scenario:
    def changed(program: Program) -> Program:
        return {one: change(module) if one == key else module for one, module in program.items()}

    return _everywhere(scenario, changed)


def _item(scenario: Scenario, name: str, change: Callable[[Item], Item]) -> Scenario:
    def changed(program: Program) -> Program:
        return with_items(program, lambda _, item: change(item) if item.id == name else item)

    return _everywhere(scenario, changed)
