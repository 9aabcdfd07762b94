"""Bytes of one file at one moment."""

from __future__ import annotations

import gc
import inspect
import linecache
import os
from pathlib import Path

import pytest

from hotd.loading.sources.files import read
from hotd.loading.sources.source import Source, digest_of


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

    source.show("m")
    source.show("m")
    linecache.checkcache(name)
    assert linecache.getline(name, 2) == "y = 2\n"

    del source
    gc.collect()
    assert name not in linecache.cache
    assert name not in inspect.modulesbyfile


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_lines_are_those_of_the_compiler(end: str) -> None:
    """A form feed between functions, or a strange character in a text, shifts no line of a traceback."""
    data = f"{end}\nx = '{end}'\ny = 2\n".encode() if end == "\x0c" else f"x = '{end}'\n\ny = 2\n".encode()
    source = Source("/nowhere/lines.py", data)
    source.show("lines")

    assert linecache.getline(source.filename, 3) == "y = 2\n"
    assert source.text.splitlines() == source.text[:-1].split("\n")
    assert source.text.splitlines(keepends=True)[-1] == "y = 2\n"


def test_text_without_a_last_line_end() -> None:
    """The last line counts, whether or not something ends it."""
    assert Source("/nowhere/m.py", b"a\nb").text.splitlines() == ["a", "b"]
    assert Source("/nowhere/m.py", b"a\nb\n\n").text.splitlines() == ["a", "b", ""]
    assert Source("/nowhere/m.py", b"").text.splitlines() == []


@pytest.mark.parametrize(
    ("data", "does"),
    [(b"", False), (b"# only words\n\n", False), (b"'''doc'''", True), (b"pass", False), (b"x = 1", True)],
)
def test_statements_are_told_from_comments(data: bytes, does: bool) -> None:
    """An emptied file is suspicious only if something was in it."""
    assert Source("/nowhere/m.py", data).has_statements is does
