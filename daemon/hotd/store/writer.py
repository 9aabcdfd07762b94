"""The one thread that writes: whatever is queued becomes one transaction, and with it at most one fsync.

An fsync takes as long for a hundred records as for one, so nobody waits for more than the one that is under way and
the one that he is part of. Moving the log into the database, and pruning, are done when nobody waits.

What is about to be done needs to outlive the daemon, and what is told needs to outlive a power cut. So an intent is
reported as soon as it is in the log, where no end of the process can take it away, and what comes of it brings the
fsync for both.
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
from hotd.core.messages import Logged, Stored, Unwritten, Written
from hotd.core.records import NOTED, Intent, Record
from hotd.ports import Sources
from hotd.store.bundles import lacking
from hotd.store.file import File
from hotd.store.opening import is_the_disks, transaction, trouble_of
from hotd.store.pruning import prune
from hotd.store.putting import put
from hotd.store.schema import VERSION

Sink = Callable[[Stored], None]

A_BREATH = 0.005
"""Seconds that a piece that is not urgent waits for the next before it is written: a small load is over by then, and
needs the interpreter lock until it is. And those that an intent waits for what comes of it."""
A_MOMENT = 0.05
"""Seconds that what is not urgent waits in the log for the fsync of what comes: most loads are over by then."""
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
        self._logged: list[_Piece] = []
        """What is in the log, and not known to be on the disk: nobody was told that it is durable."""
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
        """Queue a piece: all of it is kept or nothing, and the sink is told whether it is durable. From any thread.

        What is told to be unwritten may be there all the same, if it was in the log already: it is to be brought again.
        One that is not ``urgent`` waits a moment for more. Of one with an intent the sink is told before that it is in
        the log.
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
            if pieces:
                self._keep(pieces)
            elif self._logged:
                self._flush()
            elif self._untidy:
                self._tidy()
            if self._untidy > MOST_UNTIDY:
                self._tidy()
        self._flush()
        self._file.close()

    def _next(self) -> tuple[list[_Piece], bool]:
        """All that is queued, and whether it is the last; nothing after a while of quiet."""
        pieces: list[_Piece] = []
        try:
            piece = self._pieces.get(timeout=self._patience)
            while piece is not None:
                pieces.append(piece)
                if len(pieces) == MOST_AT_ONCE:
                    return pieces, False
                alone = len(pieces) == 1 and not piece.urgent
                piece = self._pieces.get(timeout=A_BREATH) if alone else self._pieces.get_nowait()
        except queue.Empty:
            return pieces, False
        return pieces, True

    @property
    def _patience(self) -> float | None:
        """Seconds to wait for a piece."""
        if self._logged:
            return A_BREATH if _intends(self._logged) else A_MOMENT
        return QUIET if self._untidy else None

    def _keep(self, pieces: list[_Piece]) -> None:
        alone = len(pieces) == 1
        waits = not all(_is_noted(piece) or _intends([piece]) for piece in pieces)
        waits = waits or (_intends(self._logged) and not _intends(pieces))
        failure = self._attempt(lambda: self._write(pieces, waits=waits))
        if failure is not None and not alone and not is_the_disks(failure):
            # One of them is what cannot be written, and must not take the others with it.
            for piece in pieces:
                self._keep([piece])
            return
        self._untidy += len(pieces)
        if failure is None and not waits and (_intends(pieces) or not any(piece.urgent for piece in pieces)):
            self._logged += pieces
            for piece in pieces:
                if piece.sink is not None and _intends([piece]):
                    piece.sink(Logged(piece.ticket))
        elif failure is None or is_the_disks(failure):
            # It is durable with them, or nobody knows whether it is.
            logged, self._logged = self._logged, []
            self._tell([*logged, *pieces], failure)
            if failure is None and waits:
                # The next may be an intent, of which somebody waits for every microsecond.
                self._attempt(lambda: self._file.known().wait_for_disk(False))
        else:
            self._flush()  # who came first is told first
            self._tell(pieces, failure)

    def _flush(self) -> None:
        """Have on the disk what is in the log: by a transaction that changes nothing."""
        logged, self._logged = self._logged, []
        if logged:
            self._tell(logged, self._attempt(self._wait_for_disk))

    def _tell(self, pieces: Sequence[_Piece], failure: Exception | None) -> None:
        """Whether they are durable."""
        if failure is None:
            aside = self._file.aside()
            # What is written last covers what was written before it: one message for a sink, and not one for a piece.
            for sink, ticket in {piece.sink: piece.ticket for piece in pieces if piece.sink is not None}.items():
                sink(Written(ticket, aside))
            return
        trouble = trouble_of(failure, self._file.path)
        for piece in pieces:
            if piece.sink is not None:
                piece.sink(Unwritten(piece.ticket, trouble))

    def _attempt(self, write: Callable[[], None]) -> Exception | None:
        """Why it could not be done; None when it is."""
        try:
            write()
        except Exception as failure:
            self._file.forget()
            if is_the_disks(failure):
                self._file.drop(failure)
            else:
                log.critical("a defect of the store", exc_info=True, extra={"event": "store.defect"})
            return failure
        return None

    def _write(self, pieces: Sequence[_Piece], *, waits: bool) -> None:
        """All of them in one transaction, which ``waits`` for the disk."""
        connection = self._file.connection()
        if not self._file.known().holds():
            self._file.forget()
        known = self._file.known()
        records = [record for piece in pieces for record in piece.records]
        for piece in pieces:
            if piece.sources:
                records += lacking(connection, piece.sources)
        if not records:
            return
        known.wait_for_disk(waits)
        put(known, records, self._environment)

    def _wait_for_disk(self) -> None:
        self._file.known().wait_for_disk(True)
        self._file.connection().execute(f"PRAGMA user_version = {VERSION}")

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


def _is_noted(piece: _Piece) -> bool:
    return all(isinstance(record, NOTED) for record in piece.records)


def _intends(pieces: Iterable[_Piece]) -> bool:
    return any(isinstance(record, Intent) for piece in pieces for record in piece.records)
