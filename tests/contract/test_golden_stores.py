"""State that any released version kept opens for ever."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hotd.core.records import Added, KeptDaemon
from hotd.store.schema import VERSION, migrate, version_of
from tests.contract.golden_store import CARRIED, FROM, STORES, UNTIL
from tests.integration.store.samples import ERROR, kept


def restored(dump: Path, folder: Path) -> None:
    connection = sqlite3.connect(folder / "hotd.db")
    connection.executescript(dump.read_text("ascii"))
    connection.close()


def test_every_version_of_the_tables_has_a_golden_store() -> None:
    """Who adds a version adds the store that the one before it leaves behind."""
    assert sorted(path.name for path in STORES.iterdir()) == [f"v{n}.sql" for n in range(1, VERSION + 1)]


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_a_store_of_that_version_is_read_and_goes_on(version: int, tmp_path: Path) -> None:
    """Modules, generations with their sources, history, failures, events; and what comes next is kept beside them."""
    restored(STORES / f"v{version}.sql", tmp_path)
    with kept(tmp_path, now=1.8e9) as it:
        known = it.remembered
        assert known.trouble is None and known.aside is None and known.died
        op = known.modules["op"]
        assert (op.current, op.permanent, op.line, op.replicas) == (2, 1, (1, 2), 3)
        assert (op.paused, op.stopped, op.pinned) == (True, False, True)
        assert (op.quarantine, op.deaths) == ({"d3": "rejected"}, {"d2": 1})
        assert op.carried == (CARRIED if version > 2 else {})
        assert [(one.number, one.digest, one.verdict) for one in known.generations["op"]] == [
            (1, "d1", "superseded"), (2, "d2", "promoted"), (3, "d3", "none"),
        ]  # fmt: skip
        until = UNTIL if version > 3 else None
        assert (op.paused_until, known.daemon) == (until, KeptDaemon(True, until))
        assert known.added == (Added("late", "late:Op", {"replicas": 2}),)
        assert (known.last_revision, known.last_event, known.interrupted) == (4, 2, {"op": 3})
        assert [one.error for one in known.rejections["op"]] == [ERROR]
        sources = it.store.bundle("d1")
        assert [(one.path, one.root) for one in sources.files] == [("part0.py", 0)]
        assert (sources.entries, sources.folders, sources.carried) == (("op",), ((0, "space"),), (("op", "late"),))
        assert [one.outcome for one in it.store.history("op", 99, 99)] == [
            "interrupted",
            "undone",
            "promoted",
            "promoted",
        ]
        whence = FROM if version > 1 else ()
        assert [one.origins for one in known.generations["op"]] == [whence, (), ()]
        assert [one.origins for one in it.store.history("op", 99, 99)] == [(), (), whence, ()]
        assert it.store.history("op", 3, 1)[0].commit == (FROM[0].commit if version > 1 else None)
        outcome = it.store.outcome(2)
        assert outcome is not None and outcome.modules[0].serving.current == 1
        (failure,) = it.store.failures("op", 9)
        told = ("hotctl undo", "root", 2.5) if version > 1 else (None, None, None)
        assert (failure.instance, failure.cause, failure.actor, failure.duration_ms) == ("op-1", *told)
        assert [one.executed for one in known.generations["op"]] == [("op", "part0"), ("op",), ()]
        assert [one.fields for one in it.store.events(0, 99, 99)] == [{}, {"digest": "d2"}]
    reopened = sqlite3.connect(tmp_path / "hotd.db")
    assert version_of(reopened) == VERSION
    reopened.close()


def test_tables_that_migrated_are_those_of_a_new_store(tmp_path: Path) -> None:
    """Whichever way they came to be."""

    def tables(connection: sqlite3.Connection) -> list[str]:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        connection.close()
        return [sql for (sql,) in found]

    new = sqlite3.connect(":memory:")
    migrate(new)
    wanted = tables(new)
    for dump in STORES.iterdir():
        old = sqlite3.connect(":memory:")
        old.executescript(dump.read_text("ascii"))
        migrate(old)
        assert tables(old) == wanted
