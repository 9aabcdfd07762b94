"""The tables, version by version.

A released script is never changed: what comes later is a further script. Every version that was ever released has a
golden database in the tests, which opens for ever.
"""

from __future__ import annotations

import sqlite3

from hotd.contract.errors import BadConfig

APPLICATION = 0x686F7464
"""``hotd``: by it ``file`` and we know our own files."""

_FIRST = """
CREATE TABLE runs (run INTEGER PRIMARY KEY, started REAL NOT NULL UNIQUE, ended REAL);
CREATE TABLE daemon (id INTEGER PRIMARY KEY CHECK (id = 1), paused INTEGER NOT NULL);
CREATE TABLE modules (
    name TEXT PRIMARY KEY, current INTEGER, permanent INTEGER, line TEXT NOT NULL,
    paused INTEGER NOT NULL, stopped INTEGER NOT NULL, pinned INTEGER NOT NULL, replicas INTEGER,
    quarantine TEXT NOT NULL, deaths TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE added (name TEXT PRIMARY KEY, entry TEXT, options TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE environments (id INTEGER PRIMARY KEY, python TEXT NOT NULL, packages TEXT NOT NULL);
CREATE TABLE generations (
    module TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL,
    created REAL NOT NULL, duration_ms REAL NOT NULL, verdict TEXT NOT NULL, executed TEXT,
    environment INTEGER, PRIMARY KEY (module, number)
) WITHOUT ROWID;
CREATE TABLE blobs (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL);
CREATE TABLE bundles (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, manifest BLOB NOT NULL);
CREATE TABLE uses (bundle INTEGER NOT NULL, blob INTEGER NOT NULL, PRIMARY KEY (bundle, blob)) WITHOUT ROWID;
CREATE TABLE revisions (
    revision INTEGER PRIMARY KEY, at REAL NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL,
    listed INTEGER NOT NULL, outcome TEXT, change TEXT, duration_ms REAL, commits TEXT, targets TEXT
);
CREATE TABLE touched (
    module TEXT NOT NULL, revision INTEGER NOT NULL, previous INTEGER, generation INTEGER,
    PRIMARY KEY (module, revision)
) WITHOUT ROWID;
CREATE INDEX touched_by_revision ON touched (revision);
CREATE TABLE rejections (
    id INTEGER PRIMARY KEY, module TEXT NOT NULL, digest TEXT NOT NULL, error TEXT NOT NULL, at REAL NOT NULL,
    cause TEXT NOT NULL, actor TEXT NOT NULL, duration_ms REAL NOT NULL
);
CREATE INDEX rejections_of_module ON rejections (module, digest);
CREATE TABLE failures (
    id INTEGER PRIMARY KEY, module TEXT NOT NULL, at REAL NOT NULL, generation INTEGER, instance TEXT,
    error TEXT NOT NULL
);
CREATE INDEX failures_of_module ON failures (module);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, module TEXT, generation INTEGER, instance TEXT,
    actor TEXT, cause TEXT, message TEXT NOT NULL, fields TEXT NOT NULL
);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, actor TEXT NOT NULL, uid INTEGER, verb TEXT NOT NULL,
    request TEXT NOT NULL, outcome TEXT NOT NULL
);
"""

# ``commits`` and ``targets`` of a revision stay empty: where its code came from is a part of ``change``.
_SECOND = """
ALTER TABLE generations ADD COLUMN origins TEXT;
ALTER TABLE failures ADD COLUMN cause TEXT;
ALTER TABLE failures ADD COLUMN actor TEXT;
ALTER TABLE failures ADD COLUMN duration_ms REAL;
"""

_THIRD = """
ALTER TABLE modules ADD COLUMN carried TEXT NOT NULL DEFAULT '{}';
"""

_FOURTH = """
ALTER TABLE daemon ADD COLUMN paused_until REAL;
ALTER TABLE modules ADD COLUMN paused_until REAL;
"""

SCRIPTS = (_FIRST, _SECOND, _THIRD, _FOURTH)
"""The script at place n brings version n to version n + 1."""

VERSION = len(SCRIPTS)


class NotOurs(sqlite3.DatabaseError):
    """A database, of somebody else."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version, one transaction for each step. Raises BadConfig for those of a newer hotd."""
    version = version_of(connection)
    for number, script in enumerate(SCRIPTS[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {number}; COMMIT;"
        )


def version_of(connection: sqlite3.Connection) -> int:
    """0 for an empty file. Raises NotOurs; BadConfig for a version this hotd does not know."""
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if application != APPLICATION and (tables or version):
        raise NotOurs("it is the database of another program")
    if version > VERSION:
        raise BadConfig(
            f"the state folder was written by a newer hotd (tables of version {version}, this one knows {VERSION})",
            hint="run that hotd again, or give this one another state_dir",
        )
    return int(version)
