"""Programs that nobody wrote, lived through under a loader, and each of their versions run alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.oracle.program import Item, Program, items_of
from tests.oracle.running import Rig, rig
from tests.oracle.sabotage import SABOTAGES
from tests.oracle.scenario import Scenario, invent
from tests.oracle.shrinking import shrunk
from tests.oracle.telling import report, tell

EDITS = 10
FEW, MANY = 10, 200
"""Seeds in every run, and in the soak."""
SEEDS_FOR_A_DEFECT = 12
"""So many programs at most until each of the defects that we know how to make is seen."""


@pytest.fixture(scope="module")
def players() -> Iterator[Rig]:
    with rig() as one:
        yield one


@pytest.mark.slow
@pytest.mark.timeout(900)  # where it fails it is shrunk, which takes hundreds of lives
@pytest.mark.parametrize("seed", range(FEW))
def test_every_generation_is_for_ever_what_its_version_is_alone(players: Rig, seed: int) -> None:
    """Whatever is edited: new code is the new program, old code stays the old one, what is unaffected is kept, and
    nothing is refused that Python would run. `python -m tests.oracle SEED` plays one by hand.
    """
    scenario = invent(seed, EDITS)
    if found := players.run(scenario):
        pytest.fail(report(players, scenario, found[0].kind), pytrace=False)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(FEW, MANY))
def test_many_more_programs(players: Rig, seed: int) -> None:
    """As above, for as long as one likes to wait."""
    test_every_generation_is_for_ever_what_its_version_is_alone(players, seed)


@pytest.mark.parametrize("defect", ["shared_by_place", pytest.param("lost_edge", marks=pytest.mark.slow)])
def test_a_defect_is_seen(players: Rig, defect: str) -> None:
    """A loader with one thing wrong does not pass: otherwise the tests above would say nothing."""
    scenarios = (replace(invent(seed, EDITS), sabotage=defect) for seed in range(SEEDS_FOR_A_DEFECT))
    assert any(players.run(scenario) for scenario in scenarios)


@pytest.mark.soak
@pytest.mark.parametrize("defect", SABOTAGES)
def test_every_defect_is_seen_and_shown_small(players: Rig, defect: str) -> None:
    """Each is seen, and what is printed then is a program that one can read."""
    scenarios = (replace(invent(seed, EDITS), sabotage=defect) for seed in range(MANY))
    seen = next((scenario, found[0].kind) for scenario in scenarios if (found := players.run(scenario)))

    small = shrunk(seen[0], lambda one: [failure.kind for failure in players.run(one)[:1]] == [seen[1]])

    assert len(small.steps) <= 4
    assert max(len(step.version) for step in small.steps) <= 4
    assert tell(small).startswith(f"seed {small.seed}")


def test_a_seed_is_always_the_same_scenario() -> None:
    """Who is told a seed can play the very same life."""
    assert invent(3, EDITS) == invent(3, EDITS)
    assert invent(3, EDITS) != invent(4, EDITS)


def test_what_is_not_needed_to_fail_is_taken_out() -> None:
    """Of a whole program's life the two items remain that fail together, in two steps, each as plain as can be."""
    scenario = invent(3, EDITS)
    first, last = (_some_ref(step.version) for step in (scenario.steps[0], scenario.steps[-1]))

    def fails(one: Scenario) -> bool:
        return any(_has(step.version, first) for step in one.steps) and _has(one.steps[-1].version, last)

    small = shrunk(scenario, fails)

    assert fails(small)
    assert small == shrunk(scenario, fails)
    assert len(small.steps) <= 2
    assert {item.kind for step in small.steps for _, item in items_of(step.version)} == {"function"}
    assert sum(1 for _ in items_of(small.steps[-1].version)) <= 4


def _some_ref(program: Program) -> tuple[str, str]:
    """One item and another one that it refers to."""
    item: Item = next(item for _, item in items_of(program) if item.refs)
    return item.id, item.refs[0].item


def _has(program: Program, pair: tuple[str, str]) -> bool:
    found = {item.id: item for _, item in items_of(program)}
    return pair[0] in found and pair[1] in found and any(ref.item == pair[1] for ref in found[pair[0]].refs)
