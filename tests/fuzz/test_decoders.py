"""Both decoders before bytes that nobody means: mutated messages, and what a coverage-guided fuzzer finds."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rpyc.core import brine

from tests.fuzz.targets import SEQ, TARGETS, client_side, daemon_side
from tests.support.daemons import environment
from tests.support.mutants import ODD, mutant

SEEDS = Path(__file__).parent / "corpus"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
"""For the coverage-guided fuzzer, on both sides together."""


@pytest.mark.attack("mutated requests, mutated answers", outcome="an answer, or the end of the connection; no defect")
@given(st.integers(0, 2**64 - 1))
@settings(max_examples=1_500)
def test_a_mutant_is_answered_or_ends_its_connection(seed: int) -> None:
    """Nothing but a verb with a request of its kind reaches the desk, and nothing is logged as a defect."""
    frame = mutant(Random(seed))
    daemon_side(b"\xff" + frame)
    client_side(b"\xff" + frame)


PLAIN = st.recursive(st.sampled_from(ODD) | st.text(max_size=5), lambda one: st.lists(one, max_size=4).map(tuple))


@given(st.sampled_from([1, 2, 3, 0, 255]), st.sampled_from([SEQ, 0, "x", -1]), PLAIN)
@settings(max_examples=500)
def test_any_value_in_any_place_is_answered_or_ends_its_connection(kind: int, seq: object, body: object) -> None:
    """Built from what brine can say, not by chance."""
    data = bytes((0, kind)) + brine.dump((seq, body))
    daemon_side(data)
    client_side(data)


@pytest.mark.parametrize("side", TARGETS)
def test_every_seed_is_taken(side: str) -> None:
    """What the fuzzer begins with, and what it once found."""
    seeds = sorted((SEEDS / side).iterdir())
    assert seeds
    for seed in seeds:
        TARGETS[side](seed.read_bytes())


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.skipif(not SECONDS, reason="$FUZZ_SECONDS says for how long (.ci/run: 60; make fuzz: 600)")
@pytest.mark.parametrize("side", TARGETS)
@pytest.mark.attack(
    "a coverage-guided fuzzer over the decoder of either side, from a seeded corpus",
    outcome="60 s in every CI run: none",
)
def test_a_coverage_guided_fuzzer_finds_nothing(side: str, tmp_path: Path) -> None:
    """A failure prints its bytes; they belong into the corpus with their mend."""
    if importlib.util.find_spec("atheris") is None:
        assert "CI" not in os.environ, "pip install -e '.[test]' brings atheris where there is one"
        pytest.skip("there is no atheris for this machine")
    command = [sys.executable, "-m", "tests.fuzz", side, str(tmp_path), str(max(1, SECONDS // len(TARGETS)))]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment(), check=False)
    failed = {path.name: path.read_bytes() for path in tmp_path.glob("failed-*")}
    assert ran.returncode == 0, f"{failed}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
    assert "number_of_executed_units" in ran.stderr
