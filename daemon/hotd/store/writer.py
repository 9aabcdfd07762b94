"""The one thread that writes: whatever is queued becomes one transaction, and with it one fsync.

An fsync takes as long for a hundred records as for one, so nobody waits for more than the one that is under way and
the one that he is part of. Moving the log into the database, and pruning, are done when nobody waits.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hotd.contract.errors import HotdError
from hotd.core.environment import Environment
from hotd.core.messages import Stored, Unwritten, Written
from hotd.core.records import NOTED, Record
from hotd.ports import Sources
from hotd.store.bundles import lacking
from hotd.store.file import File
from hotd.store.opening import is_the_disks, transaction, trouble_of
from hotd.store.pruning import prune
from hotd.store.putting import put
from hotd.store.schema import VERSION

Sink = Callable[[Stored], None]

A_MOMENT = 0.05
"""Seconds that a piece that is not urgent waits for the next: most loads are over by then, and what a reload has to
keep before it is current is one fsync and one message, not two."""
MOST_AT_ONCE = 200
"""Pieces in one transaction."""
QUIET = 1.0
"""Seconds without a piece, after which the store is tidied."""
MOST_UNTIDY = 2_000
"""Pieces after which it is tidied although it was never quiet."""

log = logging.getLogger("hotd.store")


@dataclass(frozen=True, slots=True)
class _Piece:
    records: Sequence[Record]
    ticket: int
    sink: Sink | None
    sources: Sources | None
    urgent: bool


class Writer:
    """Keeps what it is given, in order."""

    def __init__(self, file: File, environment: Callable[[], Environment]) -> None:
        self._file = file
        self._environment = environment
        self._pieces: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._untidy = 0
        self._ahead: _Piece | None = None
        """What is written and not told yet."""
        self._failed: Exception | None = None
        """Why it could not be written ahead."""
        self._thread = threading.Thread(target=self._run, name="hotd-store", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def write(
        self,
        records: Sequence[Record],
        ticket: int = 0,
        sink: Sink | None = None,
        sources: Sources | None = None,
        *,
        urgent: bool = True,
    ) -> None:
        """Queue a piece: all of it becomes durable or nothing, and the sink is told which. From any thread.

        One that is not ``urgent`` waits a moment for more.
        """
        self._pieces.put(_Piece(records, ticket, sink, sources, urgent))

    def close(self, patience: float) -> bool:
        """Write what is queued, then end; whether that was done within ``patience`` seconds."""
        self._pieces.put(None)
        self._thread.join(patience)
        return not self._thread.is_alive()

    # --- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ending = False
        while not ending:
            pieces, ending = self._next()
            self._keep(pieces)
            if self._untidy > MOST_UNTIDY or (self._untidy and not pieces):
                self._tidy()
        self._file.close()

    def _next(self) -> tuple[list[_Piece], bool]:
        """All that is queued, and whether it is the last; nothing after a while of quiet."""
        pieces: list[_Piece] = []
        try:
            piece = self._pieces.get(timeout=QUIET if self._untidy else None)
            while piece is not None:
                pieces.append(piece)
                if len(pieces) == MOST_AT_ONCE:
                    return pieces, False
                if piece.urgent or len(pieces) > 1:
                    piece = self._pieces.get_nowait()
                else:
                    self._write_ahead(piece)
                    piece = self._pieces.get(timeout=A_MOMENT)
        except queue.Empty:
            return pieces, False
        return pieces, True

    def _keep(self, pieces: list[_Piece]) -> None:
        if not pieces:
            return
        failure = self._try(pieces)
        if failure is not None and len(pieces) > 1 and not is_the_disks(failure):
            # One of them is what cannot be written, and must not take the others with it.
            for piece in pieces:
                self._keep([piece])
            return
        self._untidy += len(pieces)
        trouble = None if failure is None else trouble_of(failure, self._file.path)
        aside = None if failure is not None else self._file.aside()
        if trouble is None:
            # What is written last covers what was written before it: one message for a sink, and not one for a piece.
            for sink, ticket in {piece.sink: piece.ticket for piece in pieces if piece.sink is not None}.items():
                sink(Written(ticket, aside))
            return
        for piece in pieces:
            if piece.sink is not None:
                piece.sink(Unwritten(piece.ticket, trouble))

    def _write_ahead(self, piece: _Piece) -> None:
        """What is only noted waits for no disk: it is written at once and told with what comes, of which somebody waits
        for every microsecond."""
        if _noted(piece.records):
            self._failed = self._attempt(self._note, [piece])
            self._ahead = piece if self._failed is None else None

    def _try(self, pieces: Sequence[_Piece]) -> Exception | None:
        """Why they could not be written; None when they are durable."""
        failed, self._failed = self._failed, None
        if failed is not None:
            return failed
        left = [piece for piece in pieces if piece is not self._ahead]
        # A moment after something was written, the file is taken to be where it was.
        return self._attempt(self._write if len(left) == len(pieces) else self._write_there, left)

    def _attempt(self, write: Callable[[Sequence[_Piece]], None], pieces: Sequence[_Piece]) -> Exception | None:
        try:
            write(pieces)
        except Exception as failure:
            self._file.forget()
            if is_the_disks(failure):
                self._file.drop(failure)
            else:
                log.critical("a defect of the store", exc_info=True, extra={"event": "store.defect"})
            return failure
        return None

    def _note(self, pieces: Sequence[_Piece]) -> None:
        self._write(pieces)
        # What comes is hardly ever only noted too, and by then somebody waits.
        self._file.known().wait_for_disk(True)

    def _write(self, pieces: Sequence[_Piece]) -> None:
        self._file.connection()
        self._write_there(pieces)

    def _write_there(self, pieces: Sequence[_Piece]) -> None:
        known = self._file.known()
        records = [record for piece in pieces for record in piece.records]
        for piece in pieces:
            if piece.sources:
                records += lacking(known.connection, piece.sources)
        if not records:
            return
        known.wait_for_disk(not _noted(records))
        put(known, records, self._environment)

    def _tidy(self) -> None:
        """A failure here costs nobody anything; if the disk is the reason, the next piece will tell."""
        self._untidy = 0
        with contextlib.suppress(sqlite3.Error, OSError, HotdError):
            connection = self._file.connection()
            with transaction(connection):
                gone = prune(connection)
            if gone:
                self._file.forget()
            self._file.known().wait_for_disk(False)
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            # Whoever writes into the log next writes its head too, and for that waits for the disk: nobody, this way.
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _noted(records: Iterable[Record]) -> bool:
    return all(isinstance(record, NOTED) for record in records)
