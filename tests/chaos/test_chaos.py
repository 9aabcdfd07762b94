"""Edits, breaks, undoes, pins, deploys, kill -9 and restarts, and every promise kept, seen from outside."""

from __future__ import annotations

import os

import pytest

from tests.chaos.chaos import Chaos
from tests.chaos.draw import Draw
from tests.chaos.oracle import beginning
from tests.support.daemons import folder_for_sockets
from tests.support.seeds import seed_of

SECONDS = float(os.environ.get("CHAOS_SECONDS") or 60)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_chaos_finds_every_promise_kept() -> None:
    """``CHAOS_SEED`` gives the same steps again, ``CHAOS_SECONDS`` more of them (``make test-chaos``: ten minutes)."""
    seed = seed_of("CHAOS_SEED", 381991)
    with folder_for_sockets() as folder:
        Chaos(folder, seed).blow(SECONDS)


def test_the_same_seed_gives_the_same_steps() -> None:
    """Who reads of a failure can have it again; and the oracle knows what every step should do."""

    def steps() -> list[str]:
        draw, world = Draw(7), beginning()
        said: list[str] = []
        while len(said) < 2000:
            for deed in draw.steps(world):
                world.foresee(deed)
                said.append(str(deed))
        return said

    assert steps() == steps()
    assert {step.split()[0] for step in steps()} >= {"edit", "reload", "undo", "pin", "deploy", "kill", "end"}
