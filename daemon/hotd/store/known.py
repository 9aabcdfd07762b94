"""What the writer knows of the file without asking it, as long as nobody else writes there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from hotd.core.environment import Environment

MOST_BLOBS = 10_000
"""Files whose hashes are known; where there are more, the database is asked."""


MOST_ENVIRONMENTS = 8


class Known:
    """Of one connection. To be thrown away with it, when it failed to write (what is known may never have been kept),
    and when something was removed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Raises sqlite3.Error."""
        self.connection = connection
        self._blobs: dict[str, int] = dict(connection.execute("SELECT hash, id FROM blobs LIMIT ?", (MOST_BLOBS + 1,)))
        self._last_blob: int
        self._last_environment: int
        ((self._last_blob,),) = connection.execute("SELECT coalesce(max(id), 0) FROM blobs")
        ((self._last_environment,),) = connection.execute("SELECT coalesce(max(id), 0) FROM environments")
        self._environments: list[tuple[Environment, int]] = []
        """The last ones that were asked for."""
        self._version = self._data_version()
        self._waits: bool | None = None

    def holds(self) -> bool:
        """Whether nobody else has written since. Raises sqlite3.Error."""
        return self._data_version() == self._version

    def _data_version(self) -> int:
        ((version,),) = self.connection.execute("PRAGMA data_version")
        return int(version)

    def wait_for_disk(self, waits: bool) -> None:
        """Whether what is written from here on is written only when the disk has it. Raises sqlite3.Error."""
        if waits is not self._waits:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if waits else 'NORMAL'}")
            self._waits = waits

    def blobs(self, hashes: Iterable[str]) -> dict[str, int]:
        """Those of them that are kept, and their numbers. Raises sqlite3.Error."""
        if len(self._blobs) <= MOST_BLOBS:
            return {name: self._blobs[name] for name in hashes if name in self._blobs}
        query = "SELECT hash, id FROM blobs WHERE hash IN (SELECT value FROM json_each(?))"
        return dict(self.connection.execute(query, (json.dumps(sorted(set(hashes))),)))

    def new_blob(self, name: str) -> int:
        """The number under which it will be kept."""
        self._last_blob += 1
        if len(self._blobs) <= MOST_BLOBS:
            self._blobs[name] = self._last_blob
        return self._last_blob

    def environment(self, over: Environment) -> tuple[int, tuple[int, str, str] | None]:
        """Its number, and the row to be kept where it is not kept yet. Raises sqlite3.Error."""
        for known, number in self._environments:
            if known is over or known == over:
                return number, None
        packages = json.dumps(dict(sorted(over.packages.items())), separators=(",", ":"))
        row = self.connection.execute(
            "SELECT id FROM environments WHERE python = ? AND packages = ?", (over.python, packages)
        ).fetchone()
        if row is None:
            self._last_environment += 1
        number = self._last_environment if row is None else int(row[0])
        self._environments = [*self._environments[-MOST_ENVIRONMENTS:], (over, number)]
        return number, (number, over.python, packages) if row is None else None
