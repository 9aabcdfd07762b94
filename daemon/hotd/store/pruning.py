"""The store stays as small as what it is for. What a generation needs is never removed while its record stands, and
only the core, which knows what is loaded, permanent or can be undone to, lets a record go (``Forget``)."""

from __future__ import annotations

import sqlite3

MOST_REVISIONS = 10_000
MOST_EVENTS = 10_000
MOST_AUDITED = 10_000
MOST_RUNS = 1_000
MOST_FAILURES = 100
"""For each module, as of its rejections ``MOST_REJECTIONS``."""
MOST_REJECTIONS = 50


def prune(connection: sqlite3.Connection) -> bool:
    """Remove the oldest of what there is too much of, within the transaction that is open; whether files or
    environments are among it."""
    for table, key, most in (
        ("revisions", "revision", MOST_REVISIONS),
        ("events", "seq", MOST_EVENTS),
        ("audit", "id", MOST_AUDITED),
        ("runs", "run", MOST_RUNS),
    ):
        connection.execute(
            f"DELETE FROM {table} WHERE {key} <= (SELECT {key} FROM {table} ORDER BY {key} DESC LIMIT 1 OFFSET ?)",
            (most,),
        )
    for table, most in (("failures", MOST_FAILURES), ("rejections", MOST_REJECTIONS)):
        connection.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM ("
            f"SELECT id, row_number() OVER (PARTITION BY module ORDER BY id DESC) AS place FROM {table})"
            " WHERE place > ?)",
            (most,),
        )
    connection.execute("DELETE FROM touched WHERE revision NOT IN (SELECT revision FROM revisions)")
    connection.execute("DELETE FROM bundles WHERE digest NOT IN (SELECT digest FROM generations)")
    connection.execute("DELETE FROM uses WHERE bundle NOT IN (SELECT id FROM bundles)")
    blobs = connection.execute("DELETE FROM blobs WHERE id NOT IN (SELECT blob FROM uses)")
    environments = connection.execute(
        "DELETE FROM environments WHERE id NOT IN (SELECT environment FROM generations WHERE environment IS NOT NULL)"
    )
    return blobs.rowcount > 0 or environments.rowcount > 0
