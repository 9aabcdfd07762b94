"""Records to rows. One statement for all records of a kind.

SQLite lets go of the interpreter lock for each step of each statement, and beside busy threads waits a switch
interval to get it back: twenty rows by ``executemany`` cost twenty such waits, twenty rows in one JSON text cost one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

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
from hotd.store.bundles import put_bundle
from hotd.store.reading import interrupt

R = TypeVar("R")

MOST_ROWS = 200
"""In one text: SQLite walks it from its beginning for each row."""


def put(connection: sqlite3.Connection, records: Iterable[Record], environment: Callable[[], Environment]) -> None:
    """Write them, within the transaction that is open. Later ones win over earlier ones of the same name."""
    records = list(records)
    for began in _of(records, Began):
        _put_began(connection, began)
    intents = _of(records, Intent)
    _put_bundles(connection, [*_of(records, Bundle), *(one.bundle for one in intents if one.bundle is not None)])
    generations = [*(one.generation for one in intents), *_of(records, KeptGeneration)]
    _put_generations(connection, generations, environment)
    _put_opened(connection, _of(records, Opened))
    _touch(connection, [(one.module, one.revision, one.previous, one.generation.number) for one in intents])
    _put_revisions(connection, _of(records, KeptRevision))
    _put_modules(connection, _of(records, KeptModule))
    _put_rejections(connection, _of(records, KeptRejection))
    for daemon in _of(records, KeptDaemon)[-1:]:
        _many(connection, _DAEMON, [(1, daemon.paused, daemon.paused_until)])
    _many(connection, _ADDED, [(one.name, one.entry, _text(one.options)) for one in _of(records, Added)])
    _many(connection, _FAILURES, [
        (one.module, one.at, one.generation, one.instance, codec.to_text(one.error), one.cause, one.actor,
         one.duration_ms)
        for one in _of(records, KeptFailure)
    ])  # fmt: skip
    _many(connection, _EVENTS, [
        (one.seq, one.at, one.event, one.module, one.generation, one.instance, one.actor, one.cause, one.message,
         _text(one.fields))
        for one in _of(records, Event)
    ])  # fmt: skip
    _many(connection, _AUDIT, [
        (one.at, one.actor, one.uid, one.verb, one.request, one.outcome) for one in _of(records, Audited)
    ])  # fmt: skip
    for ended in _of(records, Ended):
        connection.execute("UPDATE runs SET ended = ? WHERE run = (SELECT max(run) FROM runs)", (ended.at,))
    for forget in _of(records, Forget):
        connection.execute(
            "DELETE FROM generations WHERE module = ? AND number IN (SELECT value FROM json_each(?))",
            (forget.module, json.dumps(forget.numbers)),
        )


def _put_began(connection: sqlite3.Connection, began: Began) -> None:
    connection.execute("INSERT INTO runs (started) VALUES (?) ON CONFLICT (started) DO NOTHING", (began.at,))
    interrupt(connection, began.first_revision)


def _put_bundles(connection: sqlite3.Connection, bundles: Iterable[Bundle]) -> None:
    for bundle in bundles:
        put_bundle(connection, bundle)


def _put_generations(
    connection: sqlite3.Connection, generations: Sequence[KeptGeneration], environment: Callable[[], Environment]
) -> None:
    over: dict[int, int] = {}
    for place, one in enumerate(generations):
        if one.executed is not None:
            over[place] = _environment(connection, one.over or environment())
    _many(connection, _GENERATIONS, [
        (one.module, one.number, one.digest, one.cause, one.actor, one.created, one.duration_ms, one.verdict,
         *((None, None, None) if one.executed is None else
           (_text(one.executed), over[place], codec.to_text(one.origins))))
        for place, one in enumerate(generations)
    ])  # fmt: skip


def _environment(connection: sqlite3.Connection, over: Environment) -> int:
    named = (over.python, _text(dict(sorted(over.packages.items()))))
    found = connection.execute("SELECT id FROM environments WHERE python = ? AND packages = ?", named).fetchone()
    if found is None:
        return connection.execute("INSERT INTO environments (python, packages) VALUES (?, ?)", named).lastrowid or 0
    return int(found[0])


def _put_opened(connection: sqlite3.Connection, opened: Sequence[Opened]) -> None:
    _many(connection, _OPENED, [(one.revision, one.at, one.cause, one.actor, one.listed) for one in opened])
    _touch(connection, [
        (name, one.revision, current, None) for one in opened for name, current in one.modules.items()
    ])  # fmt: skip


def _put_revisions(connection: sqlite3.Connection, revisions: Sequence[KeptRevision]) -> None:
    _many(connection, _REVISIONS, [
        (one.revision, one.at, one.cause, one.actor, one.listed, one.change.outcome, codec.to_text(one.change),
         one.duration_ms)
        for one in revisions
    ])  # fmt: skip
    _touch(connection, [row for one in revisions for row in _touched(one.revision, one.change)])


def _touched(revision: int, change: Change) -> list[tuple[Any, ...]]:
    return [(one.module, revision, one.previous, one.generation) for one in change.modules]


def _touch(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    _many(connection, _TOUCHED, rows)


def _put_modules(connection: sqlite3.Connection, modules: Sequence[KeptModule]) -> None:
    _many(connection, _MODULES, [
        (one.name, one.current, one.permanent, _text(one.line), one.paused, one.stopped, one.pinned, one.replicas,
         _text(one.quarantine), _text(one.deaths), _text(one.carried), one.paused_until)
        for one in modules
    ])  # fmt: skip


def _put_rejections(connection: sqlite3.Connection, rejections: Sequence[KeptRejection]) -> None:
    """Who tries the same content again and again reads about it once."""
    named = json.dumps([(one.module, one.digest) for one in rejections])
    if rejections:
        connection.execute(
            "DELETE FROM rejections WHERE (module, digest) IN"
            " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
            (named,),
        )
    _many(connection, _REJECTIONS, [
        (one.module, one.digest, codec.to_text(one.error), one.at, one.cause, one.actor, one.duration_ms)
        for one in rejections
    ])  # fmt: skip


# --- statements ------------------------------------------------------------------------------------------------------


def _statement(table: str, columns: str, *, key: str = "", unless: str = "") -> str:
    """Insert what a JSON text has, a row for each list in it; a row that is there already gets the new values.

    ``unless`` names columns of which null is no news.
    """
    names = columns.split()
    values = ", ".join(f"json_extract(value, '$[{number}]')" for number in range(len(names)))
    # Without a WHERE the parser takes ON CONFLICT for the ON of a join.
    text = f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM json_each(?) WHERE true"
    if not key:
        return text
    news = {name: f"excluded.{name}" for name in names if name not in key.split()}
    news |= {name: f"coalesce(excluded.{name}, {name})" for name in unless.split()}
    update = ", ".join(f"{name} = {value}" for name, value in news.items())
    return f"{text} ON CONFLICT ({', '.join(key.split())}) DO UPDATE SET {update}"


_DAEMON = _statement("daemon", "id paused paused_until", key="id")
_ADDED = _statement("added", "name entry options", key="name")
_MODULES = _statement(
    "modules",
    "name current permanent line paused stopped pinned replicas quarantine deaths carried paused_until",
    key="name",
)
_GENERATIONS = _statement(
    "generations",
    "module number digest cause actor created duration_ms verdict executed environment origins",
    key="module number",
    unless="executed environment origins",
)
_OPENED = _statement("revisions", "revision at cause actor listed", key="revision")
_REVISIONS = _statement("revisions", "revision at cause actor listed outcome change duration_ms", key="revision")
_TOUCHED = _statement("touched", "module revision previous generation", key="module revision")
_REJECTIONS = _statement("rejections", "module digest error at cause actor duration_ms")
_FAILURES = _statement("failures", "module at generation instance error cause actor duration_ms")
_EVENTS = _statement("events", "seq at event module generation instance actor cause message fields", key="seq")
_AUDIT = _statement("audit", "at actor uid verb request outcome")


def _many(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for start in range(0, len(rows), MOST_ROWS):
        connection.execute(statement, (_text(rows[start : start + MOST_ROWS]),))


def _of(records: Iterable[Record], kind: type[R]) -> list[R]:
    return [one for one in records if isinstance(one, kind)]


def _text(value: Any) -> str:
    """ASCII only: lone surrogates of file names travel as escapes."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
