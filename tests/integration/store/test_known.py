"""What the writer knows of the file without asking is so, whatever went wrong or away."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from hotd.core.bundle import Bundle, BundleFile
from hotd.core.environment import Environment
from hotd.core.messages import Unwritten
from hotd.core.records import Forget
from hotd.store import bundles, known, writer
from hotd.store.keeping import KEEP, MOST_ROWS
from hotd.store.putting import MOST_BYTES
from tests.integration.store.samples import OVER, bundle, generation, intent, kept, remembered, rows
from tests.integration.store.test_trouble import Disk, failure
from tests.support.eventually import eventually


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_CONSTRAINT])
def test_what_was_not_kept_is_not_taken_for_kept(folder: Path, code: int) -> None:
    """Files and environment of a write that failed, by the disk or by us, are written with the next one."""
    disk = Disk()
    with kept(folder, connect=disk.connect) as it:
        disk.failing = {KEEP: failure(code)}
        first = intent(1, generation(1, executed=("op",)), bundle("d1", "shared"))
        assert isinstance(it.put(first), Unwritten)
        disk.failing.clear()
        it.keep(intent(2, generation(2, "d2", executed=("op",)), bundle("d2", "shared")))
        assert it.store.bundle("d2") == bundle("d2", "shared")
    assert remembered(folder).over == {("op", 2): OVER}


def test_what_somebody_else_removed_is_written_again(folder: Path) -> None:
    """A tool at work in a live file: what is remembered of it is asked anew."""
    with kept(folder, intent(1, generation(1), bundle("d1", "shared"))) as it:
        with sqlite3.connect(folder / "hotd.db") as other:
            other.execute("DELETE FROM blobs")
        other.close()
        it.keep(intent(2, generation(2, "d2"), bundle("d2", "shared")))
        assert it.store.bundle("d2") == bundle("d2", "shared")


def test_each_environment_is_kept_once(folder: Path) -> None:
    """Also where everything is brought at once, and generations of several take turns."""
    others = [Environment("3.11", {"a": "1"}), Environment("3.12", {"a": "2"})]
    generations = [generation(n, f"d{n}", executed=("op",), over=others[n % 2]) for n in range(1, 9)]
    with kept(folder, *generations):
        assert rows(folder, "SELECT count(*) FROM environments") == [(2,)]


def test_what_was_removed_is_not_taken_for_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and environment go with the last generation that needs them, and come again with the next."""
    with kept(folder, intent(1, generation(1, executed=("op",)), bundle("d1", "shared", "one"))) as it:
        monkeypatch.setattr(writer, "QUIET", 0.01)
        it.keep(Forget("op", (1,)))
        eventually(lambda: it.store._read(lambda own: own.execute("SELECT count(*) FROM blobs").fetchone()) == (0,))
        monkeypatch.setattr(writer, "QUIET", 30.0)
        it.keep(intent(2, generation(2, "d2", executed=("op",)), bundle("d2", "shared", "two")))
        assert it.store.bundle("d2") == bundle("d2", "shared", "two")
    assert remembered(folder).over == {("op", 2): OVER}


def test_a_file_is_kept_once_however_many_there_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that an earlier daemon kept, and where they are too many to be known."""
    for most, digests in ((9, "ab"), (2, "cd"), (2, "ef")):
        monkeypatch.setattr(known, "MOST_BLOBS", most)
        with kept(folder) as it:
            for digest in digests:
                sources = bundle(digest, *"abcdef"[: "abcdef".index(digest) + 1])
                it.keep(intent(1, generation(ord(digest), digest), sources))
                assert it.store.bundle(digest) == sources
    assert rows(folder, "SELECT count(*) FROM blobs") == [(6,)]


def test_environments_are_told_apart(folder: Path) -> None:
    """Each generation keeps its own, whatever was there in between."""
    overs = [Environment("3.11.7", {"rich": version}) for version in ("13", "14", "13", "14")]
    with kept(folder) as it:
        for number, over in enumerate(overs):
            it.keep(generation(number, executed=("op",), over=over))
    assert list(remembered(folder).over.values()) == overs
    assert rows(folder, "SELECT count(*) FROM environments") == [(2,)]


def test_files_of_any_size_and_number_come_back(folder: Path) -> None:
    """The smallest are kept plain, the great ones one by one, and many rows in several statements."""
    edges = [at + by for at in (bundles.PLAIN_BELOW, bundles.QUICKLY_FROM) for by in (-1, 0, 1)]
    sizes = [0, 1, *edges, MOST_BYTES // 2]
    few = Bundle("few", ("op",), tuple(BundleFile(f"{size:07}", os.urandom(size)) for size in sizes))
    great = Bundle("great", ("op",), tuple(BundleFile(name, os.urandom(MOST_BYTES)) for name in "ab"))
    many = Bundle("many", ("op",), tuple(BundleFile(f"{n:04}", str(n).encode()) for n in range(2 * MOST_ROWS + 1)))
    with kept(folder) as it:
        for number, one in enumerate((few, great, many), 1):
            it.keep(intent(number, generation(number, one.digest), one))
            assert it.store.bundle(one.digest) == one
