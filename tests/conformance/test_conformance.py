"""Reload semantics, case by case: what other engines promise, get wrong, or leave to luck. Each in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import groupby
from pathlib import Path

import pytest

from tests.conformance.drive import PLAIN, all_cases

ROOT = Path(__file__).parents[2]
CASES = all_cases()
OPTIMIZED = [*list(CASES)[::5], "Q02-asserts-and-debug-follow-the-interpreter"]
"""Played under ``python -O`` too."""
OLD_LINES = frozenset({"G04", "K04", "Q01", "Q03", "Q05", "R01", "R01b", "R02", "R04"})
"""Cases that look at lines of old code: under plain names those are the lines of the file as it is now."""
PLAIN_NAMES = [case for case in list(CASES)[2::5] if case.partition("-")[0] not in OLD_LINES]
"""Played with `Loader(…, plain_names=True)` too."""
NEEDS = {"A16-pep695-generic": (3, 12), "N21-lazy-type-aliases": (3, 12)}
"""Cases whose source older Pythons cannot read."""
GIVEN = 79
OWN = 195
"""Ratchets: cases are added, never taken away."""

Play = tuple[str, str]
"""``-O``, ``--plain`` or nothing, and a case."""
Outcomes = dict[Play, "Future[tuple[int, str]]"]


def perform(plays: Sequence[Play], outcomes: Outcomes) -> None:
    """Let a driver play the cases in turn, and hand on each outcome as it comes."""
    for flag, group in groupby(plays, key=lambda play: play[0]):
        cases = [case for _, case in group]
        optimize, plain = (["-O"] if flag == "-O" else []), ([PLAIN] if flag == PLAIN else [])
        command = [sys.executable, *optimize, "-m", "tests.conformance.drive", *plain, *cases]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as driver:
            assert driver.stdout is not None
            for line in driver.stdout:
                ended = json.loads(line)
                outcomes[flag, ended["case"]].set_result((ended["status"], ended["said"]))
        for case in cases:
            if not outcomes[flag, case].done():
                outcomes[flag, case].set_exception(RuntimeError("the driver died"))


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """All cases that this run asks for, begun together: one driver for each core."""
    specs = [spec for item in request.session.items if (spec := getattr(item, "callspec", None)) is not None]
    asked = dict.fromkeys((spec.params.get("flag", ""), spec.params.get("case")) for spec in specs)
    wanted = sorted((flag, case) for flag, case in asked if case in CASES)
    found: Outcomes = {play: Future() for play in wanted}
    cores = os.cpu_count() or 1
    shares = [wanted[n::cores] for n in range(cores) if wanted[n::cores]]
    threads = [threading.Thread(target=perform, args=(share, found)) for share in shares]
    for thread in threads:
        thread.start()
    yield found
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("case", CASES)
def test_a_reload_keeps_every_promise_of_the_case(case: str, outcomes: Outcomes) -> None:
    """New work runs the new code, old work its old code, and a refused edit changes nothing."""
    judge(("", case), outcomes)


@pytest.mark.parametrize("case", OPTIMIZED)
@pytest.mark.parametrize("flag", ["-O"])
def test_promises_do_not_depend_on_assertions(flag: str, case: str, outcomes: Outcomes) -> None:
    """``python -O`` leaves out asserts, of the user's code and of ours."""
    judge((flag, case), outcomes)


@pytest.mark.parametrize("case", PLAIN_NAMES)
@pytest.mark.parametrize("flag", [PLAIN])
def test_promises_do_not_depend_on_marked_names(flag: str, case: str, outcomes: Outcomes) -> None:
    """The switch for coverage and debuggers costs the lines of old code, and nothing else."""
    judge((flag, case), outcomes)


def judge(play: Play, outcomes: Outcomes) -> None:
    _, case = play
    if sys.version_info < NEEDS.get(case, (3, 11)):
        pytest.skip("this Python cannot read the case's source")
    status, said = outcomes[play].result(110)
    assert status == 0, f"{CASES[case]['origin']}\n{said}"


def test_no_case_was_lost() -> None:
    """The cases that were given, and those we found ourselves, are all still there."""
    own = [case for case in CASES.values() if case["origin"].startswith("hotd: ")]
    assert len(CASES) - len(own) == GIVEN
    assert len(own) >= OWN
