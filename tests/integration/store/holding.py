"""A writer that stands still at the end of a transaction until a test lets it go."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

from hotd.store.keeping import KEEP

PATIENCE = 20.0


class Holding:
    """Makes connections; counts their transactions; holds the next one before its COMMIT."""

    def __init__(self) -> None:
        self.commits = 0
        self._free = threading.Event()
        self._free.set()
        self._there = threading.Event()

    def connect(self, *args: Any, **keys: Any) -> sqlite3.Connection:
        holding = self

        class Held(sqlite3.Connection):
            def execute(self, statement: str, *more: Any) -> sqlite3.Cursor:
                if statement == "COMMIT" or (statement == KEEP and not self.in_transaction):
                    holding.commits += 1
                    holding._there.set()
                    assert holding._free.wait(PATIENCE)
                return super().execute(statement, *more)

        return sqlite3.connect(*args, factory=Held, **keys)

    def hold(self) -> None:
        """The next transaction stands still at its end."""
        self._there.clear()
        self._free.clear()

    def reached(self) -> None:
        """Wait until one stands there."""
        assert self._there.wait(PATIENCE)

    def let_go(self) -> None:
        self._free.set()
