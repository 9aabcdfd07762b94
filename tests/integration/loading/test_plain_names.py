"""``plain_names``: code that says it comes from its file, and not from which content of it."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path

import pytest

from hotd.contract.errors import LoadRejected
from hotd.core import border
from hotd.loading import Loader, Pool
from tests.integration.loading.conftest import Ops

LIBRARY = "def call(fn): return fn()\n"
SOURCE = (
    "import lib_xyz\ndef fail(): raise ValueError('no')\ndef f(): return lib_xyz.call(fail)\ndef g(): lib_xyz.call(1)\n"
)


@pytest.fixture
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module that is not managed, as an editable install is: neither under a root nor in site-packages."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "lib_xyz.py").write_text(LIBRARY)
    return folder


@pytest.mark.parametrize("plain", [True, False])
def test_failures_are_placed_in_managed_code(
    ops: Ops, library: Path, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    """The file and line that people should look at is the user's module, whatever code lies around it."""
    monkeypatch.syspath_prepend(str(library))
    ops.write(m=SOURCE)
    with Loader([ops.root], plain_names=plain) as loader:
        m = loader.load("m").module("m")
        assert m.f.__code__.co_filename.partition("@")[0] == str(ops.root / "m.py")
        assert ("@" in m.f.__code__.co_filename) is not plain

        for fn, line in ((m.f, 2), (m.g, 4)):
            outcome = border.call(fn)
            assert isinstance(outcome, border.Raised)
            assert (outcome.failure.file, outcome.failure.line) == (str(ops.root / "m.py"), line)

        ops.write(m=f"{SOURCE}lib_xyz.call(1)\n")
        with pytest.raises(LoadRejected) as caught:
            loader.reload()
        assert (caught.value.file, caught.value.line) == (str(ops.root / "m.py"), 5)
        assert "lib_xyz.call(1)\n" in (caught.value.traceback or "")
        assert "@" not in (caught.value.traceback or "")
    sys.modules.pop("lib_xyz", None)


def test_lines_are_those_of_the_file_as_it_is_now(ops: Ops) -> None:
    """Nothing is put into linecache, which so looks at the file, and has no lines of another generation."""
    (path,) = ops.write(m="def f(): return 1\n")
    with Loader([ops.root], plain_names=True) as loader:
        loader.load("m").module("m")
        assert str(path) not in linecache.cache
        ops.write(m="# moved\n")
        assert linecache.getline(str(path), 1) == "# moved\n"
    linecache.checkcache()
    linecache.cache.pop(str(path), None)


def test_what_the_pool_was_told_counts(ops: Ops) -> None:
    """Loaders that share code share its names."""
    ops.write(m="def f(): pass\n")
    with pytest.raises(ValueError, match="Pool\\(plain_names=True\\)"):
        Loader([ops.root], pool=Pool(), plain_names=True)

    with Loader([ops.root], pool=Pool(plain_names=True)) as loader:
        assert loader.load("m").module("m").f.__code__.co_filename == str(ops.root / "m.py")
