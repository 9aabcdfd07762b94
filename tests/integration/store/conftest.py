"""A state folder in memory where there is such a place: these tests are about order, not about a disk's speed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hotd-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name)
