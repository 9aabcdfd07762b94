"""kill -9 at any moment loses nothing that was said to be kept, and tears nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.seeds import seed_of

ROOT = Path(__file__).parents[3]


def deaths(folder: Path, *how: str | int) -> int:
    """How many died; each that lost something fails the test."""
    command = [sys.executable, "-m", "tests.integration.store.dying", str(folder), *map(str, how)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    *wrong, count = ran.stdout.splitlines()
    assert not wrong, wrong
    return int(count)


@pytest.mark.slow
def test_a_daemon_killed_at_a_statement_finds_what_it_was_told_is_kept(folder: Path) -> None:
    """Before and after every fifth, from the making of the tables to the close; another five where seeds are fresh."""
    assert deaths(folder, "statements", 5, 1 + seed_of("DYING_SEED", 0) % 5) >= 15


@pytest.mark.slow
def test_a_daemon_killed_at_any_moment_finds_what_it_was_told_is_kept(folder: Path) -> None:
    """Also in the middle of a write, life after life on one store."""
    seed = seed_of("DYING_SEED", 7)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where the test fails
    assert deaths(folder, "random", seed, 12) >= 8


@pytest.mark.soak
def test_a_daemon_killed_at_every_statement_finds_what_it_was_told_is_kept(folder: Path) -> None:
    """Before and after each."""
    assert deaths(folder, "statements", 1, 1) >= 100


@pytest.mark.soak
def test_a_daemon_killed_hundreds_of_times_finds_what_it_was_told_is_kept(folder: Path) -> None:
    """One store, which grows with every life."""
    seed = seed_of("DYING_SEED", 7)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where the test fails
    assert deaths(folder, "random", seed, 500) >= 400
