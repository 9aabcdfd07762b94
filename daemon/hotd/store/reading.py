"""Rows to records and views: what is known at a start, and pages of what lies behind it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from hotd.contract import codec
from hotd.contract.views import Change, ErrorView, Event, ModuleChange, Origin, RevisionModule, RevisionView, Serving
from hotd.core.environment import Environment
from hotd.core.records import (
    Added,
    KeptDaemon,
    KeptFailure,
    KeptGeneration,
    KeptModule,
    KeptRejection,
    Remembered,
)
from hotd.core.times import wall_rfc3339
from hotd.core.whence import commit_of

V = TypeVar("V")

INTERRUPTED = "interrupted"


def remembered(connection: sqlite3.Connection) -> Remembered:
    """All that a start needs. Raises sqlite3.Error."""
    modules = {one.name: one for one in map(_module, connection.execute(_MODULES))}
    daemon = [KeptDaemon(bool(paused), until) for paused, until in connection.execute(_DAEMON)]
    added = [Added(name, entry, json.loads(options)) for name, entry, options in connection.execute(_ADDED)]
    ((last_revision,),) = connection.execute("SELECT coalesce(max(revision), 0) FROM revisions")
    ((last_event,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM events")
    last_run = connection.execute("SELECT ended FROM runs ORDER BY run DESC LIMIT 1").fetchone()
    return Remembered(
        modules,
        _grouped((one.module, one) for one in map(_generation, connection.execute(_GENERATIONS))),
        dict(_over(connection)),
        _grouped((one.module, one) for one in map(_rejection, connection.execute(_REJECTIONS))),
        daemon[0] if daemon else KeptDaemon(),
        tuple(added),
        last_revision,
        last_event,
        last_run is not None and last_run[0] is None,
        dict(connection.execute(_UNFINISHED)),
    )


def history(connection: sqlite3.Connection, module: str | None, before: int, limit: int) -> tuple[RevisionView, ...]:
    """Listed revisions below ``before``, newest first."""
    listed = "listed AND outcome IS NOT NULL"
    if module is None:
        query = f"SELECT {_REVISION} FROM revisions WHERE revision < ? AND {listed} ORDER BY revision DESC LIMIT ?"
        rows = connection.execute(query, (before, limit))
    else:
        query = (
            f"SELECT {_REVISION} FROM touched JOIN revisions USING (revision)"
            f" WHERE module = ? AND revision < ? AND {listed} ORDER BY revision DESC LIMIT ?"
        )
        rows = connection.execute(query, (module, before, limit))
    return tuple(_revision(row) for row in rows)


def outcome(connection: sqlite3.Connection, revision: int) -> Change | None:
    """What the revision came to; None where it is not known."""
    row = connection.execute(
        "SELECT change FROM revisions WHERE revision = ? AND change IS NOT NULL", (revision,)
    ).fetchone()
    return None if row is None else codec.decode(Change, json.loads(row[0]))


def failures(connection: sqlite3.Connection, module: str, before: int, limit: int) -> tuple[KeptFailure, ...]:
    """The newest of those up to row ``before``, newest last."""
    query = (
        "SELECT module, at, generation, instance, error, cause, actor, duration_ms FROM failures"
        " WHERE module = ? AND id <= ? ORDER BY id DESC LIMIT ?"
    )
    rows = connection.execute(query, (module, before, limit)).fetchall()
    return tuple(
        KeptFailure(name, at, generation, instance, codec.decode(ErrorView, json.loads(error)), *rest)
        for name, at, generation, instance, error, *rest in reversed(rows)
    )


def last_failure(connection: sqlite3.Connection) -> int:
    """The row of the newest failure; 0 before the first."""
    ((newest,),) = connection.execute("SELECT coalesce(max(id), 0) FROM failures")
    return int(newest)


def events(connection: sqlite3.Connection, after: int, before: int, limit: int) -> tuple[Event, ...]:
    """Those between two places of the stream, oldest first."""
    query = (
        "SELECT seq, at, event, module, generation, instance, actor, cause, message, fields FROM events"
        " WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?"
    )
    rows = connection.execute(query, (after, before, limit))
    return tuple(_event(row) for row in rows)


def interrupt(connection: sqlite3.Connection, before: int) -> None:
    """Close the revisions below ``before`` that have no outcome: they were not done."""
    query = "SELECT revision FROM revisions WHERE outcome IS NULL AND revision < ?"
    for (revision,) in connection.execute(query, (before,)).fetchall():
        query = "SELECT module, previous FROM touched WHERE revision = ? ORDER BY module"
        changes = [_interrupted(module, previous) for module, previous in connection.execute(query, (revision,))]
        change = Change(revision, tuple(changes), INTERRUPTED, _NOT_DONE)
        connection.execute(
            "UPDATE revisions SET outcome = ?, change = ?, duration_ms = 0 WHERE revision = ?",
            (INTERRUPTED, codec.to_text(change), revision),
        )
        connection.execute("UPDATE touched SET generation = previous WHERE revision = ?", (revision,))


_NOT_DONE = "the daemon ended before this was done; it counts as not done"


def _interrupted(module: str, previous: int | None) -> ModuleChange:
    return ModuleChange(module, INTERRUPTED, previous, previous, (), Serving(0, 0), 0.0, note=_NOT_DONE)


# --- rows ------------------------------------------------------------------------------------------------------------

_DAEMON = "SELECT paused, paused_until FROM daemon"
_MODULES = (
    "SELECT name, current, permanent, line, paused, stopped, pinned, replicas, quarantine, deaths, carried,"
    " paused_until FROM modules ORDER BY name"
)
_ADDED = "SELECT name, entry, options FROM added ORDER BY name"
_GENERATIONS = (
    "SELECT module, number, digest, cause, actor, created, duration_ms, verdict, executed, origins FROM generations"
    " ORDER BY module, number"
)
_REJECTIONS = "SELECT module, digest, error, at, cause, actor, duration_ms FROM rejections ORDER BY id"
_UNFINISHED = (
    "SELECT module, generation FROM touched JOIN revisions USING (revision) WHERE outcome IS NULL"
    " AND generation IS NOT NULL ORDER BY revision"
)
_REVISION = "revision, at, change, outcome, cause, actor, duration_ms"


def _over(connection: sqlite3.Connection) -> Iterator[tuple[tuple[str, int], Environment]]:
    rows = connection.execute("SELECT id, python, packages FROM environments")
    known = {number: Environment(python, json.loads(packages)) for number, python, packages in rows}
    for module, number, over in connection.execute("SELECT module, number, environment FROM generations"):
        if over in known:
            yield (module, number), known[over]


def _module(row: tuple[Any, ...]) -> KeptModule:
    name, current, permanent, line, paused, stopped, pinned, replicas, quarantine, deaths, carried, until = row
    learned = {digest: tuple((part, name) for part, name in pairs) for digest, pairs in json.loads(carried).items()}
    return KeptModule(
        name, current, permanent, tuple(json.loads(line)), bool(paused), bool(stopped), bool(pinned), replicas,
        json.loads(quarantine), json.loads(deaths), learned, until,
    )  # fmt: skip


def _generation(row: tuple[Any, ...]) -> KeptGeneration:
    module, number, digest, cause, actor, created, duration_ms, verdict, executed, origins = row
    parts = None if executed is None else tuple(json.loads(executed))
    whence = _origins(json.loads(origins or "[]"))
    return KeptGeneration(module, number, digest, cause, actor, created, duration_ms, verdict, parts, whence)


def _origins(data: Sequence[Any]) -> tuple[Origin, ...]:
    return tuple(codec.decode(Origin, one) for one in data)


def _rejection(row: tuple[Any, ...]) -> KeptRejection:
    module, digest, error, *rest = row
    return KeptRejection(module, digest, codec.decode(ErrorView, json.loads(error)), *rest)


def _event(row: tuple[Any, ...]) -> Event:
    seq, at, name, module, generation, instance, actor, cause, message, fields = row
    return Event(seq, at, name, module, generation, instance, actor, cause, message, json.loads(fields))


def _revision(row: tuple[Any, ...]) -> RevisionView:
    revision, at, change, ended, cause, actor, duration_ms = row
    # Not by way of the codec: a page decodes fifty, and shows four fields of each.
    kept = json.loads(change)
    modules = tuple(
        RevisionModule(one["module"], one["previous"], one["generation"], tuple(one["reloaded"]))
        for one in kept["modules"]
    )
    origins = _origins(kept.get("origins", ()))
    commit = commit_of(origins)
    return RevisionView(
        revision, wall_rfc3339(at), modules, ended, cause, actor, round(duration_ms, 3), commit, origins
    )


def _grouped(pairs: Iterable[tuple[str, V]]) -> dict[str, tuple[V, ...]]:
    groups: dict[str, list[V]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in groups.items()}
