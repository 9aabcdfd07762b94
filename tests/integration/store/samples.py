"""What a daemon keeps, small enough to look at."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotd.contract.views import Change, ErrorView, Event, ModuleChange, Origin, Serving
from hotd.core.bundle import Bundle, BundleFile
from hotd.core.environment import Environment
from hotd.core.messages import Logged, Stored, Written
from hotd.core.records import Intent, KeptGeneration, KeptRevision, Opened, Record, Remembered
from hotd.store import Store
from tests.support.eventually import eventually

WALL = 1_700_000_000.0
OVER = Environment("3.11.7", {"rich": "13.7"})
ERROR = ErrorView("syntax-error", "invalid syntax", "fix it", "/ops/op.py", 3, "Traceback …")


def bundle(digest: str = "d1", *texts: str) -> Bundle:
    files = tuple(BundleFile(f"part{n}.py", text.encode()) for n, text in enumerate(texts or (f"text of {digest}",)))
    return Bundle(digest, ("op",), files, ((0, "space"),), (("op", "late"),), ("op",))


def generation(number: int = 1, digest: str = "d1", module: str = "op", **keys: Any) -> KeptGeneration:
    return KeptGeneration(module, number, digest, "hotctl reload", "root", WALL, 12.5, **keys)


def change(
    revision: int, outcome: str = "promoted", *, module: str = "op", number: int = 1, origins: tuple[Origin, ...] = ()
) -> Change:
    made = ModuleChange(module, outcome, number, number - 1 or None, (module,), Serving(1, 0), 12.5)
    return Change(revision, (made,), outcome, origins=origins)


def revision(n: int, outcome: str = "promoted", *, listed: bool = True, **keys: Any) -> KeptRevision:
    return KeptRevision(n, WALL + n, "hotctl reload", "root", change(n, outcome, **keys), 20.0, listed)


def opened(number: int, module: str = "op", current: int | None = None) -> Opened:
    return Opened(number, WALL + number, "hotctl reload", "root", {module: current})


def intent(number: int, generation: KeptGeneration, sources: Bundle | None = None) -> Intent:
    return Intent(number, generation.module, generation.number - 1 or None, generation, sources)


def event(seq: int, **keys: Any) -> Event:
    return Event(
        seq, "2026-11-23T20:41:07.204Z", "reload.promoted", "op", 1, None, "root", "hotctl reload", "told", keys
    )


@dataclass
class Kept:
    """A store, and what it said."""

    store: Store
    remembered: Remembered
    said: list[Stored] = field(default_factory=list)
    """Whether each is durable."""
    logged: list[int] = field(default_factory=list)
    """The tickets that were told before to be in the log."""
    tickets: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, *records: Record) -> Stored:
        """Write them, and wait for what comes of it."""
        ticket = self.later(*records)
        eventually(lambda: any(one.ticket >= ticket for one in self.said), within=60.0)
        return next(one for one in self.said if one.ticket >= ticket)

    def later(self, *records: Record, urgent: bool = True) -> int:
        ticket = next(self.tickets)
        self.store.write(ticket, records, self._heard, urgent=urgent)
        return ticket

    def _heard(self, said: Stored) -> None:
        if isinstance(said, Logged):
            self.logged.append(said.ticket)
        else:
            self.said.append(said)

    def keep(self, *records: Record) -> None:
        said = self.put(*records)
        assert isinstance(said, Written), said


@contextmanager
def kept(
    folder: Path,
    *records: Record,
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
    environment: Environment = OVER,
    now: float = WALL,
) -> Iterator[Kept]:
    """An open store, which keeps these records to begin with, and comes to its own end."""
    store = Store(folder, wall=lambda: now, environment=lambda: environment, connect=connect)
    opened = Kept(store, store.open(now))
    try:
        if records:
            opened.keep(*records)
        yield opened
    finally:
        assert store.close(20.0)


def remembered(folder: Path, now: float = WALL + 1000) -> Remembered:
    """What the next daemon will know."""
    with kept(folder, now=now) as it:
        return it.remembered


def rows(folder: Path, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """A look with a connection of our own, while nobody else has the file open."""
    connection = sqlite3.connect(folder / "hotd.db")
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        connection.close()
