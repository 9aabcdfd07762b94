"""Bytes of one file at one moment."""

from __future__ import annotations

import gc
import linecache
import os
from pathlib import Path

import pytest

from hotd.loading.files import read
from hotd.loading.source import Source, digest_of


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    """Nothing that is not a regular file can hang a load."""
    os.mkfifo(tmp_path / "m.py")

    with pytest.raises(OSError, match="not a regular file"):
        read(str(tmp_path / "m.py"))
    with pytest.raises(OSError, match="a folder"):
        read(str(tmp_path))


def test_a_file_of_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    """A data file by mistake, or a runaway log: its size alone tells."""
    with (tmp_path / "m.py").open("wb") as file:
        file.truncate(3 << 30)

    with pytest.raises(OSError, match="3072 MiB large"):
        read(str(tmp_path / "m.py"))


def test_lines_are_there_for_as_long_as_the_source_is() -> None:
    """Tracebacks of old code show old text, and the cache does not grow for ever."""
    source = Source("/nowhere/m.py", b"x = 1\ny = 2\n", digest_of(b"x = 1\ny = 2\n"))
    name = source.filename

    source.show()
    source.show()
    linecache.checkcache(name)
    assert linecache.getline(name, 2) == "y = 2\n"

    del source
    gc.collect()
    assert name not in linecache.cache


@pytest.mark.parametrize(
    ("data", "does"),
    [(b"", False), (b"# only words\n\n", False), (b"'''doc'''", True), (b"pass", False), (b"x = 1", True)],
)
def test_statements_are_told_from_comments(data: bytes, does: bool) -> None:
    """An emptied file is suspicious only if something was in it."""
    assert Source("/nowhere/m.py", data).has_statements is does
