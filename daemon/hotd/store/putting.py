"""Records to rows, and rows to the one statement."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hotd.contract import codec
from hotd.contract.views import Change, Event
from hotd.core.bundle import Bundle
from hotd.core.environment import Environment
from hotd.core.records import (
    Added,
    Audited,
    Began,
    Ended,
    Forget,
    Intent,
    KeptDaemon,
    KeptFailure,
    KeptGeneration,
    KeptModule,
    KeptRejection,
    KeptRevision,
    Opened,
    Record,
)
from hotd.store.bundles import Sheet, sheet_of
from hotd.store.keeping import COLUMNS, KEEP, MOST_ROWS
from hotd.store.known import Known
from hotd.store.opening import transaction
from hotd.store.reading import interrupt

MOST_BYTES = 1024 * 1024
"""In one statement; files beyond are written by one each."""

Row = tuple[Any, ...]


def put(known: Known, records: Iterable[Record], environment: Callable[[], Environment]) -> None:
    """Write all of them or none, within the transaction that is open or in one of its own. Later ones win over earlier
    ones of the same name. Raises sqlite3.Error."""
    connection = known.connection
    by_kind: dict[type, list[Any]] = {}
    for record in records:
        by_kind.setdefault(type(record), []).append(record)
    began: list[Began] = by_kind.pop(Began, [])
    sheet = sheet_of(_bundles(by_kind), known)
    singly = sheet.blobs if sum(len(data) for _, _, data in sheet.blobs) > MOST_BYTES else []
    statements = list(_statements(_tables(by_kind, environment, known), sheet, () if singly else sheet.blobs))
    # One statement is a transaction by itself.
    needs_none = connection.in_transaction or (len(statements) == 1 and not began and not singly)
    with contextlib.nullcontext() if needs_none else transaction(connection):
        for one in began:
            connection.execute("INSERT INTO runs (started) VALUES (?) ON CONFLICT (started) DO NOTHING", (one.at,))
            interrupt(connection, one.first_revision)
        for blob in singly:
            connection.execute("INSERT INTO blobs (id, hash, data) VALUES (?, ?, ?)", blob)
        for values in statements:
            connection.execute(KEEP, values)


def _bundles(by_kind: Mapping[type, list[Any]]) -> Iterator[Bundle]:
    yield from by_kind.get(Bundle, ())
    yield from (one.bundle for one in by_kind.get(Intent, ()) if one.bundle is not None)


# --- records to rows -------------------------------------------------------------------------------------------------


def _tables(
    by_kind: Mapping[type, list[Any]], environment: Callable[[], Environment], known: Known
) -> dict[str, list[Row]]:
    """Column of the statement -> its rows."""
    tables = {column: [row(one) for one in by_kind[kind]] for kind, column, row in _ROWS if kind in by_kind}
    intents: list[Intent] = by_kind.get(Intent, [])
    generations: list[KeptGeneration] = [*(one.generation for one in intents), *by_kind.get(KeptGeneration, ())]
    over = [known.environment(one.over or environment()) for one in generations if one.executed is not None]
    numbers = (number for number, _ in over)
    tables["environments"] = [row for _, row in over if row is not None]
    tables["generations"] = [_generation(one, numbers) for one in generations]
    tables["touched"] = [
        *((name, one.revision, current, None) for one in by_kind.get(Opened, ()) for name, current in
          one.modules.items()),
        *((one.module, one.revision, one.previous, one.generation.number) for one in intents),
        *(row for one in by_kind.get(KeptRevision, ()) for row in _touched(one.revision, one.change)),
    ]  # fmt: skip
    return tables


def _generation(one: KeptGeneration, environments: Iterator[int]) -> Row:
    told = (one.module, one.number, one.digest, one.cause, one.actor, one.created, one.duration_ms, one.verdict)
    if one.executed is None:
        return (*told, None, None, None)
    return (*told, _text(one.executed), next(environments), codec.to_text(one.origins))


def _touched(revision: int, change: Change) -> Iterator[Row]:
    return ((one.module, revision, one.previous, one.generation) for one in change.modules)


def _revision(one: KeptRevision) -> Row:
    change = codec.to_text(one.change)
    return (one.revision, one.at, one.cause, one.actor, one.listed, one.change.outcome, change, one.duration_ms)


def _module(one: KeptModule) -> Row:
    return (
        one.name, one.current, one.permanent, _text(one.line), one.paused, one.stopped, one.pinned, one.replicas,
        _text(one.quarantine), _text(one.deaths), _text(one.carried), one.paused_until,
    )  # fmt: skip


def _rejection(one: KeptRejection) -> Row:
    return (one.module, one.digest, codec.to_text(one.error), one.at, one.cause, one.actor, one.duration_ms)


def _failure(one: KeptFailure) -> Row:
    return (
        one.module, one.at, one.generation, one.instance, codec.to_text(one.error), one.cause, one.actor,
        one.duration_ms,
    )  # fmt: skip


def _event(one: Event) -> Row:
    return (
        one.seq, one.at, one.event, one.module, one.generation, one.instance, one.actor, one.cause, one.message,
        _text(one.fields),
    )  # fmt: skip


_ROWS: tuple[tuple[type, str, Callable[[Any], Row]], ...] = (
    (Opened, "opened", lambda one: (one.revision, one.at, one.cause, one.actor, one.listed)),
    (KeptRevision, "revisions", _revision),
    (KeptModule, "modules", _module),
    (KeptRejection, "rejections", _rejection),
    (KeptDaemon, "daemon", lambda one: (1, one.paused, one.paused_until)),
    (Added, "added", lambda one: (one.name, one.entry, _text(one.options))),
    (KeptFailure, "failures", _failure),
    (Event, "events", _event),
    (Audited, "audit", lambda one: (one.at, one.actor, one.uid, one.verb, one.request, one.outcome)),
    (Ended, "ended", lambda one: (one.at,)),
    (Forget, "forgotten", lambda one: (one.module, one.numbers)),
)
"""Of those that are a row each; the column, and what is in it."""


# --- rows to texts ---------------------------------------------------------------------------------------------------


def _statements(
    tables: dict[str, list[Row]], sheet: Sheet, blobs: Sequence[tuple[int, str, bytes]]
) -> Iterator[tuple[Any, ...]]:
    """The values of each: one of them, but for a great many rows."""
    pieces: list[bytes] = []
    place = 1

    def slice_of(data: bytes) -> tuple[int, int]:
        nonlocal place
        pieces.append(data)
        place += len(data)
        return place - len(data), len(data)

    tables["blobs"] = [(number, name, *slice_of(data)) for number, name, data in blobs]
    tables["bundles"] = [(digest, *slice_of(manifest), numbers) for digest, manifest, numbers in sheet.bundles]
    # What is forgotten is so whatever else is told of it.
    forgotten = tables.pop("forgotten", [])
    whole = b"".join(pieces)
    most = max(*map(len, tables.values()), 1 if forgotten else 0)
    for start in range(0, most, MOST_ROWS):
        few = {column: rows[start : start + MOST_ROWS] for column, rows in tables.items()}
        if start + MOST_ROWS >= most:
            few["forgotten"] = forgotten
        texts = [_text(few[column]) if few.get(column) else None for column in COLUMNS[1:]]
        yield (whole if few["blobs"] or few["bundles"] else None, *texts)


def _text(value: Any) -> str:
    """ASCII only: lone surrogates of file names travel as escapes."""
    return _WRITER.encode(value)


_WRITER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False, check_circular=False)
