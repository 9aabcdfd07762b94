"""The file: made, opened, moved aside; and what is wrong with it, in words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from hotd.core.records import Trouble
from hotd.store.keeping import prepare
from hotd.store.schema import NotOurs, migrate

Connect = Callable[..., sqlite3.Connection]
"""``sqlite3.connect``, or what a test puts in its place."""

BESIDE = ("", "-wal", "-shm")
"""What SQLite keeps of one database, each behind its name."""

MOST_ASIDE = 3
"""Unreadable databases that are kept; a disk that ruins one after the other must not fill up with them."""

PATIENCE = 5.0
"""Seconds to wait for somebody else's lock: an operator looks with a tool of his own, or a backup runs."""

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BY_CODE = {
    sqlite3.SQLITE_FULL: ("full", "the disk is full", "make room; it is tried again by itself"),
    sqlite3.SQLITE_READONLY: ("read-only", "it cannot be written", "let the daemon's user write there"),
    sqlite3.SQLITE_PERM: ("read-only", "it cannot be written", "let the daemon's user write there"),
    sqlite3.SQLITE_CANTOPEN: ("unwritable", "it cannot be opened", "look at the folder, its user and its disk"),
    sqlite3.SQLITE_IOERR: ("unwritable", "the disk reports errors", "look at the disk and the kernel's log"),
    sqlite3.SQLITE_BUSY: ("busy", "another program holds it locked", "end what reads or copies it"),
    sqlite3.SQLITE_LOCKED: ("busy", "another program holds it locked", "end what reads or copies it"),
}


def open_to_write(path: Path, connect: Connect = sqlite3.connect) -> sqlite3.Connection:
    """The database, made and brought to this version where need be.

    Raises sqlite3.Error, OSError; BadConfig for one that a newer hotd wrote.
    """
    with contextlib.suppress(FileExistsError):
        # What it holds is for the daemon's user alone, whatever the folder allows. SQLite gives its other files the
        # mode of this one.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    connection = connect(str(path), isolation_level=None, timeout=PATIENCE, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A checkpoint is two more fsyncs, and by default some commit pays for it. Ours is done when nobody waits.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    connection.text_factory = _text
    return connection


def open_to_read(path: Path, connect: Connect = sqlite3.connect) -> sqlite3.Connection:
    """The database as it is, also on a disk that takes nothing. Raises sqlite3.Error."""
    uri = path.absolute().as_uri()
    connection = connect(f"{uri}?mode=ro", uri=True, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
    connection.text_factory = _text
    try:
        connection.execute("SELECT 1 FROM runs LIMIT 1")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_as_it_lies(path: Path, connect: Connect = sqlite3.connect) -> sqlite3.Connection:
    """As ``open_to_read``, also where not even the files beside it can be made, as a read-only disk forbids.

    What the last daemon had not yet moved from the log into the database is then missing.
    """
    with contextlib.suppress(sqlite3.Error):
        return open_to_read(path, connect)
    uri = path.absolute().as_uri()
    connection = connect(f"{uri}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it, durable at the end, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _text(data: bytes) -> str:
    """File names may have bytes that are no text; they come back as they went in."""
    return data.decode("utf-8", "surrogatepass")


def is_corrupt(error: BaseException) -> bool:
    """Whether this says that the file itself is no use any more."""
    return isinstance(error, NotOurs) or _code(error) in _CORRUPT


def move_aside(path: Path, stamp: str) -> Path:
    """Give an unreadable database another name, and all that is beside it. Nothing of it may be open. Raises OSError.

    The oldest of too many such are removed.
    """
    target = path.with_name(f"{path.name}.unreadable-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.unreadable-{stamp}-{number}")
    for ending in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(target.with_name(target.name + ending))
    kept = [one for one in path.parent.glob(f"{path.name}.unreadable-*") if not one.name.endswith(BESIDE[1:])]
    for old in sorted(kept, key=lambda one: one.stat().st_mtime_ns)[:-MOST_ASIDE]:
        for ending in BESIDE:
            old.with_name(old.name + ending).unlink(missing_ok=True)
    return target


def trouble_of(error: BaseException, path: Path) -> Trouble:
    """What to tell of a failure to write."""
    if is_corrupt(error):
        return Trouble("corrupt", f"{path} cannot be read ({error})", "it is moved aside and begun anew")
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return Trouble("unwritable", f"{path} cannot be used: {reason}", "look at the folder, its user and its disk")
    reason, words, hint = _BY_CODE.get(_code(error), ("defect", "it cannot be written", "the daemon's log has more"))
    return Trouble(reason, f"{path}: {words} ({error})", hint)


def is_the_disks(error: BaseException) -> bool:
    """Whether the disk, or who else uses it, is to blame, and not what we asked of it."""
    return isinstance(error, OSError) or is_corrupt(error) or _code(error) in _BY_CODE


def _code(error: BaseException) -> int:
    """SQLite's primary result code; -1 where there is none."""
    extended = getattr(error, "sqlite_errorcode", None)
    return extended & 0xFF if isinstance(extended, int) else -1
