"""The table of scenarios against the tests there are."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.drive import all_cases
from tests.scenarios import LATER, SCENARIOS

TESTS = Path(__file__).parents[1]
MOST = 72


@cache
def functions(file: str) -> frozenset[str]:
    """The tests of one file, by their names."""
    body = ast.parse((TESTS / file).read_bytes()).body
    return frozenset(one.name for one in body if isinstance(one, ast.FunctionDef))


def is_there(proof: str) -> bool:
    file, _, test = proof.partition("::")
    return test in functions(file) if test else proof in all_cases()


@pytest.mark.parametrize("number", SCENARIOS)
def test_every_proof_of_a_scenario_is_a_test(number: int) -> None:
    """Whoever renames a test is told that a scenario would go without."""
    proofs = SCENARIOS[number].proofs
    assert proofs
    assert [proof for proof in proofs if not is_there(proof)] == []


def test_every_scenario_is_proven_or_waits_for_something() -> None:
    """Each of the 72, and none twice."""
    assert sorted([*SCENARIOS, *LATER]) == list(range(1, MOST + 1))
