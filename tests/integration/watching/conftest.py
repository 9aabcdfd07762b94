from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.watching.rig import Rig, descriptors, watching_threads


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Whatever a test does, no thread and no descriptor of a watcher outlives it."""
    before = descriptors()
    rig = Rig(tmp_path)
    yield rig
    rig.close()
    assert not watching_threads()
    assert descriptors() == before
