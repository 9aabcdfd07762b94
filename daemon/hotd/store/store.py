"""The store as the daemon uses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from hotd.contract.errors import Expired, StoreDegraded
from hotd.contract.views import Change, Event, RevisionView
from hotd.core.bundle import Bundle
from hotd.core.environment import Environment
from hotd.core.records import Began, Ended, KeptFailure, Record, Remembered
from hotd.ports import Sources
from hotd.store import bundles, reading
from hotd.store.file import File
from hotd.store.opening import Connect, is_corrupt, transaction, trouble_of
from hotd.store.putting import put
from hotd.store.trials import Trials
from hotd.store.writer import Sink, Writer

NAME = "hotd.db"

V = TypeVar("V")


class Store:
    """Implements ``hotd.ports.Store``: one writer, any number of readers, one file in the state folder."""

    def __init__(
        self,
        folder: Path,
        *,
        wall: Callable[[], float],
        environment: Callable[[], Environment],
        connect: Connect = sqlite3.connect,
    ) -> None:
        self.trials = Trials(folder)
        """What is being executed for the first time."""
        self._file = File(folder / NAME, connect, wall)
        self._wall = wall
        self._environment = environment
        self._writer = Writer(self._file, environment)
        self._failures_before = 0

    # --- the start and the end -------------------------------------------------------------------------------------

    def open(self, now: float) -> Remembered:
        """What was kept, and note that a daemon runs since ``now``. What is wrong with the disk is in ``trouble``.

        Raises BadConfig for a store of a newer hotd.
        """
        try:
            known = self._begin(now)
        except (sqlite3.Error, OSError) as error:
            self._file.drop(error)
            known = replace(self._as_it_lies(), trouble=trouble_of(error, self._file.path))
        self._writer.start()
        return replace(known, aside=self._file.aside(), trying=self.trials.left())

    def _begin(self, now: float) -> Remembered:
        try:
            return self._begin_with(self._file.connection(), now)
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise
            self._file.drop(error)
            return self._begin_with(self._file.connection(), now)

    def _begin_with(self, connection: sqlite3.Connection, now: float) -> Remembered:
        with transaction(connection):
            known = reading.remembered(connection)
            self._failures_before = reading.last_failure(connection)
            put(self._file.known(), [Began(now, known.last_revision + 1)], self._environment)
        return known

    def _as_it_lies(self) -> Remembered:
        """A disk that takes nothing may still give."""
        try:
            with self._file.reader() as connection:
                self._failures_before = reading.last_failure(connection)
                return reading.remembered(connection)
        except (sqlite3.Error, OSError):
            return Remembered()

    def close(self, patience: float = 5.0) -> bool:
        """Write what is queued and note that the daemon came to its own end; whether ``patience`` seconds sufficed."""
        self.note(Ended(self._wall()))
        self.trials.close()
        return self._writer.close(patience)

    # --- what is to be kept ----------------------------------------------------------------------------------------

    def write(
        self,
        ticket: int,
        records: Sequence[Record],
        sink: Sink,
        sources: Sources | None = None,
        *,
        urgent: bool = True,
    ) -> None:
        """Keep all of them or none; the sink is told which, in the order of the tickets. Returns at once.

        What is not ``urgent`` may wait a moment for more to be written with it.
        """
        self._writer.write(records, ticket, sink, sources, urgent=urgent)

    def note(self, record: Record) -> None:
        """Keep it, and tell nobody."""
        self._writer.write((record,))

    # --- what was kept ---------------------------------------------------------------------------------------------

    def bundle(self, digest: str) -> Bundle:
        """The sources of a generation. Raises Expired, StoreDegraded."""
        try:
            return self._read(lambda connection: bundles.read_bundle(connection, digest))
        except KeyError:
            raise Expired(f"the store has no sources of {digest}") from None
        except bundles.Damaged as error:
            raise StoreDegraded(str(error), hint="put the source back and reload") from None

    def history(self, module: str | None, before: int, limit: int) -> tuple[RevisionView, ...]:
        """Revisions below ``before``, newest first. Raises StoreDegraded."""
        return self._read(lambda connection: reading.history(connection, module, before, limit))

    def outcome(self, revision: int) -> Change | None:
        """What a revision came to; None for one that is not kept. Raises StoreDegraded."""
        return self._read(lambda connection: reading.outcome(connection, revision))

    def failures(self, module: str, limit: int) -> tuple[KeptFailure, ...]:
        """The newest that happened before this daemon started, newest last. Raises StoreDegraded."""
        return self._read(lambda connection: reading.failures(connection, module, self._failures_before, limit))

    def events(self, after: int, before: int, limit: int) -> tuple[Event, ...]:
        """Those between the two, oldest first. Raises StoreDegraded."""
        return self._read(lambda connection: reading.events(connection, after, before, limit))

    def _read(self, look: Callable[[sqlite3.Connection], V]) -> V:
        try:
            with self._file.reader() as connection:
                return look(connection)
        except (sqlite3.Error, OSError) as error:
            trouble = trouble_of(error, self._file.path)
            raise StoreDegraded(trouble.message, hint=trouble.hint) from None
