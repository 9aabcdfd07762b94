from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.config.projects import Project


@pytest.fixture
def project() -> Iterator[Project]:
    """A folder with ``ops/long_op.py``, a runtime folder, and room for a hotd.toml.

    Not pytest's own folder, whose name may be longer than a socket's path.
    """
    with tempfile.TemporaryDirectory(prefix="hotd-", dir="/tmp") as folder:
        yield Project(Path(folder))


@pytest.fixture
def nobody() -> Iterator[None]:
    """Runs the test as a user whom file modes hold back: root reads whatever it likes."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)
