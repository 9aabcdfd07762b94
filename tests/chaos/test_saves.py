"""Every way to save, under load; and whatever runs at a quiet moment is what stands on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.saves.draw import Draw
from tests.chaos.saves.storm import Storm
from tests.chaos.saves.tree import Tree
from tests.support.daemons import folder_for_sockets
from tests.support.seeds import seed_of

SECONDS = float(os.environ.get("SAVES_SECONDS") or 10)


@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS + 300)
@pytest.mark.parametrize("backend", ("inotify", "polling"))
def test_however_files_are_saved_what_runs_is_what_is_there(backend: str) -> None:
    """``SAVES_SEED`` gives the same steps again, ``SAVES_SECONDS`` more of them (``make test-chaos``: a minute)."""
    seed = seed_of("SAVES_SEED", 701)
    with folder_for_sockets() as folder:
        Storm(folder, seed, polling=backend == "polling").blow(SECONDS if backend == "inotify" else SECONDS / 2)


def test_the_same_seed_gives_the_same_saves() -> None:
    """Who reads of a failure can have it again; and every pattern has its turn."""

    def steps() -> list[str]:
        draw = Draw(7, Tree(Path("nowhere")))
        return [str(deed) for _ in range(300) for deed in draw.gust()]

    assert steps() == steps()
    assert len({step.split(" ops/")[0] for step in steps() if " ops/" in step}) == 30
