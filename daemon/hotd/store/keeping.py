"""The one statement by which everything is kept.

SQLite lets go of the interpreter lock for each step of each statement, and beside busy threads waits a switch interval
to get it back. So a piece is one row for a view that has no rows, with a column for each table and in it a JSON text
of that table's rows; a trigger takes it apart. Mostly it is a transaction by itself.
"""

from __future__ import annotations

import itertools
import sqlite3

MOST_ROWS = 200
"""In one text: SQLite walks it from its beginning for each row."""


def _rows(column: str, table: str, columns: str, *, key: str = "", unless: str = "") -> str:
    """Insert a row for each list in that column's text; a row that is there already gets the new values.

    ``unless`` names columns of which null is no news.
    """
    names = columns.split()
    text = f"INSERT INTO {table} ({', '.join(names)}) SELECT {_values(len(names))} FROM json_each(NEW.{column})"
    if not key:
        return text
    news = {name: f"excluded.{name}" for name in names if name not in key.split()}
    news |= {name: f"coalesce(excluded.{name}, {name})" for name in unless.split()}
    update = ", ".join(f"{name} = {value}" for name, value in news.items())
    # Without a WHERE the parser takes ON CONFLICT for the ON of a join.
    return f"{text} WHERE true ON CONFLICT ({', '.join(key.split())}) DO UPDATE SET {update}"


def _values(count: int) -> str:
    return ", ".join(f"json_extract(value, '$[{number}]')" for number in range(count))


_SLICE = "substr(NEW.bytes, json_extract(value, '$[{}]'), json_extract(value, '$[{}]'))"
"""A JSON text has no bytes: rows say where in the one column that has all of them theirs begin, and how many."""

_STEPS: tuple[dict[str, tuple[str, ...]], ...] = (
    {
        "blobs": (
            f"INSERT INTO blobs (id, hash, data) SELECT {_values(2)}, {_SLICE.format(2, 3)} FROM json_each(NEW.blobs)",
        )
    },
    {
        "bundles": (
            f"INSERT INTO bundles (digest, manifest) SELECT {_values(1)}, {_SLICE.format(1, 2)}"
            " FROM json_each(NEW.bundles) WHERE true ON CONFLICT (digest) DO NOTHING",
            "INSERT OR IGNORE INTO uses (bundle, blob) SELECT bundles.id, used.value"
            " FROM json_each(NEW.bundles) AS one JOIN bundles ON digest = json_extract(one.value, '$[0]')"
            " JOIN json_each(one.value, '$[3]') AS used",
        )
    },
    {"environments": (_rows("environments", "environments", "id python packages"),)},
    {
        "generations": (
            _rows(
                "generations",
                "generations",
                "module number digest cause actor created duration_ms verdict executed environment origins",
                key="module number",
                unless="executed environment origins",
            ),
        ),
        "forgotten": (
            "DELETE FROM generations WHERE (module, number) IN (SELECT json_extract(one.value, '$[0]'), number.value"
            " FROM json_each(NEW.forgotten) AS one JOIN json_each(one.value, '$[1]') AS number)",
        ),
    },
    {
        "opened": (_rows("opened", "revisions", "revision at cause actor listed", key="revision"),),
        "revisions": (
            _rows(
                "revisions",
                "revisions",
                "revision at cause actor listed outcome change duration_ms",
                key="revision",
            ),
        ),
    },
    {"touched": (_rows("touched", "touched", "module revision previous generation", key="module revision"),)},
    {
        "modules": (
            _rows(
                "modules",
                "modules",
                "name current permanent line paused stopped pinned replicas quarantine deaths carried paused_until",
                key="name",
            ),
        )
    },
    {
        # Who tries the same content again and again reads about it once.
        "rejections": (
            f"DELETE FROM rejections WHERE (module, digest) IN (SELECT {_values(2)} FROM json_each(NEW.rejections))",
            _rows("rejections", "rejections", "module digest error at cause actor duration_ms"),
        )
    },
    {"daemon": (_rows("daemon", "daemon", "id paused paused_until", key="id"),)},
    {"added": (_rows("added", "added", "name entry options", key="name"),)},
    {"failures": (_rows("failures", "failures", "module at generation instance error cause actor duration_ms"),)},
    {
        "events": (
            _rows("events", "events", "seq at event module generation instance actor cause message fields", key="seq"),
        )
    },
    {"audit": (_rows("audit", "audit", "at actor uid verb request outcome"),)},
    {"ended": ("UPDATE runs SET ended = json_extract(NEW.ended, '$[0][0]') WHERE run = (SELECT max(run) FROM runs)",)},
)
"""Column -> what is done with it; those of one trigger in their order, triggers in any."""

COLUMNS = ("bytes", *(column for columns in _STEPS for column in columns))

KEEP = f"INSERT INTO kept VALUES ({', '.join('?' * len(COLUMNS))})"


def prepare(connection: sqlite3.Connection) -> None:
    """From here on ``KEEP`` works. The file does not change: the view and its trigger are the connection's own."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"CREATE TEMP VIEW kept AS SELECT {', '.join(f'NULL AS {column}' for column in COLUMNS)}")
    for number, columns in enumerate(_STEPS):
        told = " OR ".join(f"NEW.{column} IS NOT NULL" for column in columns)
        steps = "; ".join(itertools.chain.from_iterable(columns.values()))
        connection.execute(
            f"CREATE TEMP TRIGGER keep_{number} INSTEAD OF INSERT ON kept WHEN {told} BEGIN {steps}; END"
        )
