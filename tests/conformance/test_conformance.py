"""Reload semantics, case by case: what other engines promise, get wrong, or leave to luck. Each in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conformance.drive import all_cases

DRIVE = Path(__file__).with_name("drive.py")
CASES = all_cases()
NEEDS = {"A16-pep695-generic": (3, 12)}
"""Cases whose source older Pythons cannot read."""
GIVEN = 79
OWN = 60
"""Ratchets: cases are added, never taken away."""

Outcome = subprocess.CompletedProcess[str]
Outcomes = dict[str, Future[Outcome]]


def run(case: str) -> Outcome:
    return subprocess.run([sys.executable, DRIVE, case], capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """All cases that this run asks for, a few processes at a time, in the order in which the tests will ask."""
    callspecs = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = [spec.params["case"] for spec in callspecs if spec is not None and "case" in spec.params]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {case: pool.submit(run, case) for case in dict.fromkeys(wanted)}


@pytest.mark.parametrize("case", CASES)
def test_a_reload_keeps_every_promise_of_the_case(case: str, outcomes: Outcomes) -> None:
    """New work runs the new code, old work its old code, and a refused edit changes nothing."""
    if sys.version_info < NEEDS.get(case, (3, 11)):
        pytest.skip("this Python cannot read the case's source")
    done = outcomes[case].result()
    assert done.returncode == 0, f"{CASES[case]['origin']}\n{done.stdout}\n{done.stderr}"


def test_no_case_was_lost() -> None:
    """The cases that were given, and those we found ourselves, are all still there."""
    own = [case for case in CASES.values() if case["origin"].startswith("hotd")]
    assert len(CASES) - len(own) == GIVEN
    assert len(own) >= OWN
