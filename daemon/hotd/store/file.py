"""The one file: who has it open, and what is done when it cannot be used."""

from __future__ import annotations

import contextlib
import errno
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from hotd.store.known import Known
from hotd.store.opening import Connect, is_corrupt, move_aside, open_as_it_lies, open_to_read, open_to_write

MOST_READERS = 4
"""Connections kept open for the next reader."""

log = logging.getLogger("hotd.store")


class File:
    """One connection that writes, for one thread at a time, and any number that read."""

    def __init__(self, path: Path, connect: Connect, wall: Callable[[], float]) -> None:
        self.path = path
        self._connect = connect
        self._wall = wall
        self._connection: sqlite3.Connection | None = None
        self._known: Known | None = None
        self._place: tuple[int, int] | None = None
        self._failure: Exception | None = None
        self._aside: str | None = None
        self._readers: list[sqlite3.Connection] = []
        self._epoch = 0
        """Grows with every file of the name: readers of an earlier one are not used again."""
        self._lock = threading.Lock()
        """Guards readers and epoch; held for no statement."""

    # --- the one that writes ---------------------------------------------------------------------------------------

    def connection(self) -> sqlite3.Connection:
        """The one that is open, or a new one; for that a file that cannot be read is moved aside.

        Raises sqlite3.Error, OSError; BadConfig for a file of a newer hotd.
        """
        if self._connection is None:
            self._connection = self._open()
            self._place = _place_of(self.path)
        elif self._place != _place_of(self.path):
            raise FileNotFoundError(errno.ENOENT, "it was removed or replaced while the daemon ran", str(self.path))
        return self._connection

    def known(self) -> Known:
        """What is known of what that connection wrote. Raises as ``connection``."""
        if self._known is None:
            self._known = Known(self.connection())
        return self._known

    def forget(self) -> None:
        """What is known may not be so: something was not kept after all, or was removed."""
        self._known = None

    def _open(self) -> sqlite3.Connection:
        failure, self._failure = self._failure, None
        if failure is not None and is_corrupt(failure):
            self._move_aside(failure)
        try:
            return open_to_write(self.path, self._connect)
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise
            self._move_aside(error)
            return open_to_write(self.path, self._connect)

    def _move_aside(self, failure: Exception) -> None:
        stamp = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y%m%dT%H%M%SZ")
        self._drop_readers()
        self._aside = str(move_aside(self.path, stamp))
        log.error(
            "%s cannot be read (%s); it was moved to %s, and a new one is begun",
            self.path, failure, self._aside, extra={"event": "store.aside"},
        )  # fmt: skip

    def drop(self, failure: Exception) -> None:
        """Close what writes: after a failure nothing is known of it. The next one begins by what this one failed of."""
        self._failure = failure
        self.forget()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._drop_readers()
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def aside(self) -> str | None:
        """Where files were moved since this was asked last."""
        moved, self._aside = self._aside, None
        return moved

    def close(self) -> None:
        """Bring everything into the one file and close it."""
        self._drop_readers()
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    # --- those that read -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for as long as the block lasts. From any thread. Raises sqlite3.Error."""
        with self._lock:
            epoch = self._epoch
            connection = self._readers.pop() if self._readers else None
        if connection is None:
            # Read as it lies is right only while nobody writes.
            opened = open_as_it_lies if self._connection is None else open_to_read
            connection = opened(self.path, self._connect)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if epoch == self._epoch and len(self._readers) < MOST_READERS:
                self._readers.append(connection)
                return
        connection.close()

    def _drop_readers(self) -> None:
        with self._lock:
            self._epoch += 1
            readers, self._readers = self._readers, []
        for one in readers:
            one.close()


def _place_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
