"""Files that may not be seen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotd.contract.errors import SourceMissing
from hotd.loading import Loader
from hotd.loading.sources.files import closed_to_us


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Runs the test as a user whom file modes hold back: root reads whatever it likes."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def test_a_folder_that_is_closed_by_now_is_not_said_to_be_gone(place: Path, request: pytest.FixtureRequest) -> None:
    """Whoever reads "restore it" looks for a backup, and all that is wrong is a mode."""
    (place / "pkg").mkdir(mode=0o755)
    (place / "pkg" / "a.py").write_text("A = 1\n")
    (place / "m.py").write_text("import pkg.a\n")
    with Loader(roots=[place]) as loader:
        loader.load("m")
        (place / "pkg").chmod(0)
        request.getfixturevalue("nobody")
        with pytest.raises(SourceMissing) as caught:
            loader.reload()
    assert caught.value.message == (
        f"pkg/a.py cannot be seen: {place}/pkg is closed to the daemon's user, and m.py line 1 imports it"
    )
    assert caught.value.hint == f"`ls -ld {place}/pkg`, or take the import out"


def test_the_folder_that_is_closed_is_named(place: Path, request: pytest.FixtureRequest) -> None:
    """The outermost one; above the last it is enough that one may pass."""
    (place / "outer" / "inner").mkdir(parents=True)
    file = f"{place}/outer/inner/a.py"
    (place / "outer").chmod(0o311)
    (place / "outer" / "inner").chmod(0o755)
    request.getfixturevalue("nobody")
    assert closed_to_us(file) is None and closed_to_us(f"{place}/outer/none/a.py") is None
    assert closed_to_us(f"{place}/outer/a.py") == f"{place}/outer"
