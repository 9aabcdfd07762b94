"""Reload semantics, case by case: what other engines promise, get wrong, or leave to luck. Each in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.conformance.drive import all_cases

DRIVE = Path(__file__).with_name("drive.py")
CASES = all_cases()
NEEDS = {"A16-pep695-generic": (3, 12)}
"""Cases whose source older Pythons cannot read."""
GIVEN = 79
OWN = 96
"""Ratchets: cases are added, never taken away."""

Outcomes = dict[str, "Future[tuple[int, str]]"]


def play(cases: Sequence[str], outcomes: Outcomes) -> None:
    """Let one driver play the cases in turn, and hand on each outcome as it comes."""
    with subprocess.Popen([sys.executable, DRIVE, *cases], stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            ended = json.loads(line)
            outcomes[ended["case"]].set_result((ended["status"], ended["said"]))
    for case in cases:
        if not outcomes[case].done():
            outcomes[case].set_exception(RuntimeError("the driver died"))


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """All cases that this run asks for, begun together: one driver for each core."""
    callspecs = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = [spec.params["case"] for spec in callspecs if spec is not None and "case" in spec.params]
    wanted = [case for case in dict.fromkeys(wanted) if case in CASES]
    found: Outcomes = {case: Future() for case in wanted}
    cores = os.cpu_count() or 1
    threads = [threading.Thread(target=play, args=(wanted[n::cores], found)) for n in range(cores) if wanted[n::cores]]
    for thread in threads:
        thread.start()
    yield found
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("case", CASES)
def test_a_reload_keeps_every_promise_of_the_case(case: str, outcomes: Outcomes) -> None:
    """New work runs the new code, old work its old code, and a refused edit changes nothing."""
    if sys.version_info < NEEDS.get(case, (3, 11)):
        pytest.skip("this Python cannot read the case's source")
    status, said = outcomes[case].result(110)
    assert status == 0, f"{CASES[case]['origin']}\n{said}"


def test_no_case_was_lost() -> None:
    """The cases that were given, and those we found ourselves, are all still there."""
    own = [case for case in CASES.values() if case["origin"].startswith("hotd: ")]
    assert len(CASES) - len(own) == GIVEN
    assert len(own) >= OWN
