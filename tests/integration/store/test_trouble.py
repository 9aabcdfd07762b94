"""Whatever becomes of the disk, the daemon is told in words, goes on, and has its store again as soon as that works."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotd.contract.errors import BadConfig, Expired, StoreDegraded
from hotd.core.messages import Stored, Unwritten, Written
from hotd.core.records import Began, KeptModule, Remembered
from hotd.store import writer
from hotd.store.keeping import KEEP
from hotd.store.opening import MOST_ASIDE
from hotd.store.schema import VERSION
from tests.integration.store.holding import Holding
from tests.integration.store.samples import (
    WALL,
    bundle,
    change,
    generation,
    intent,
    kept,
    opened,
    remembered,
    revision,
    rows,
)
from tests.support.eventually import eventually

ROOT = Path(__file__).parents[3]


class Disk:
    """A disk with room for so many pages, or one that fails statements as it is told to."""

    def __init__(self) -> None:
        self.pages: int | None = None
        self.failing: dict[str, Exception] = {}
        self.opened: list[sqlite3.Connection] = []

    def connect(self, *args: Any, **keys: Any) -> sqlite3.Connection:
        disk = self

        class Watched(sqlite3.Connection):
            def execute(self, statement: str, *more: Any) -> sqlite3.Cursor:
                for start, failure in disk.failing.items():
                    if statement.startswith(start):
                        raise failure
                return super().execute(statement, *more)

        if (failure := self.failing.get("OPEN")) is not None:
            raise failure
        connection = sqlite3.connect(*args, factory=Watched, **keys)
        self.opened.append(connection)
        return connection

    def has_pages(self, most: int) -> None:
        self.opened[0].execute(f"PRAGMA max_page_count = {most}")


def failure(code: int, message: str = "as the test says") -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


def reason(said: Stored) -> str:
    assert isinstance(said, Unwritten), said
    assert str(said.trouble.message) and said.trouble.hint
    return said.trouble.reason


def hurt(path: Path, at: int = 0, data: bytes = b"this is no database any more") -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


# --- full ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_costs_what_did_not_fit_and_nothing_else(folder: Path) -> None:
    """What was kept stays readable; the next piece is kept as soon as there is room."""
    big = os.urandom(200_000).hex()
    with kept(folder, intent(1, generation(1), bundle("d1")), revision(1)) as it:
        writer = it.store._file.connection()
        ((pages,),) = writer.execute("PRAGMA page_count")
        writer.execute(f"PRAGMA max_page_count = {pages + 5}")
        said = it.put(KeptModule("op", 2), intent(2, generation(2, "d2"), bundle("d2", big)))
        assert reason(said) == "full"
        assert it.store.bundle("d1") == bundle("d1") and it.store.outcome(1) == change(1)
        with pytest.raises(Expired):
            it.store.bundle("d2")
        it.keep(KeptModule("op", 3), intent(2, generation(2, "d2"), bundle("d2", big)))
    known = remembered(folder)
    assert known.modules["op"].current == 3 and len(known.generations["op"]) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="only root may mount")
def test_a_disk_that_is_really_full_and_then_has_room(tmp_path: Path) -> None:
    """A file system of its own, of one megabyte, filled to the last byte, and then not."""
    script = f"""
        import os
        from pathlib import Path
        from tests.integration.store.samples import *
        from hotd.core.records import KeptModule
        from hotd.core.messages import Unwritten
        folder = Path({str(tmp_path)!r})
        with kept(folder, generation(1), KeptModule("op", 1)) as it:
            filler = (folder / "filler").open("wb", buffering=0)
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
            filler.close()
            said = it.put(*(generation(n, "d" * 4000) for n in range(2, 200)))
            assert isinstance(said, Unwritten) and said.trouble.reason in ("full", "unwritable"), said
            print(said.trouble.message)
            (folder / "filler").unlink()
            it.keep(generation(2, "d2"), KeptModule("op", 2))
        known = remembered(folder)
        assert [g.digest for g in known.generations["op"]] == ["d1", "d2"] and known.modules["op"].current == 2, known
        assert known.trouble is None and known.aside is None and not known.died
    """
    lines = [line.removeprefix(" " * 8) for line in script.splitlines()]
    mounted = f'mount -t tmpfs -o size=1m none {tmp_path} && exec {sys.executable} -c "$SCRIPT"'
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted], env={**os.environ, "SCRIPT": "\n".join(lines)},
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


# --- read-only, unwritable, busy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (sqlite3.SQLITE_READONLY, "read-only"),
        (sqlite3.SQLITE_IOERR_FSYNC, "unwritable"),
        (sqlite3.SQLITE_BUSY, "busy"),
        (sqlite3.SQLITE_CANTOPEN, "unwritable"),
    ],
)
def test_a_disk_that_refuses_is_tried_again_with_the_next_piece(folder: Path, code: int, name: str) -> None:
    """Nothing of the piece is kept, and nothing of it is left over for the next one."""
    disk = Disk()
    with kept(folder, KeptModule("op", 1), connect=disk.connect) as it:
        disk.failing = {KEEP: failure(code)}
        assert reason(it.put(KeptModule("op", 2), generation(2))) == name
        assert reason(it.put(KeptModule("op", 3))) == name
        disk.failing.clear()
        it.keep(KeptModule("other"))
    known = remembered(folder)
    assert known.modules == {"op": KeptModule("op", 1), "other": KeptModule("other")} and not known.generations


@pytest.mark.parametrize("at", ["BEGIN", "INSERT INTO runs"])
def test_a_start_on_a_disk_that_takes_nothing_knows_what_was_kept(folder: Path, at: str) -> None:
    """The modules can be loaded, what was pinned is pinned; only nothing new is kept until that works again."""
    with kept(folder, intent(1, generation(1), bundle("d1")), opened(2), KeptModule("op", 1, 1, pinned=True)):
        pass
    disk = Disk()
    refused = failure(sqlite3.SQLITE_READONLY, "attempt to write a readonly database")
    disk.failing = {at: refused, KEEP: refused}
    with kept(folder, connect=disk.connect, now=WALL + 5) as it:
        known = it.remembered
        assert known.trouble is not None and known.trouble.reason == "read-only"
        assert known.modules["op"].pinned and known.last_revision == 2 and it.store.bundle("d1") == bundle("d1")
        assert reason(it.put(KeptModule("op", 2))) == "read-only"
        disk.failing.clear()
        it.keep(Began(WALL + 5, 3), KeptModule("op", 2))
        assert it.store.history(None, 9, 9)[0].outcome == "interrupted"
    assert rows(folder, "SELECT started, ended FROM runs ORDER BY run") == [(WALL, WALL), (WALL + 5, WALL + 5)]


def test_a_start_without_any_store_serves_all_the_same(folder: Path) -> None:
    """The folder is gone, or closed to us: nothing is known, and it says so."""
    gone = folder / "nowhere"
    with kept(gone) as it:
        assert it.remembered.trouble is not None and it.remembered.trouble.reason == "unwritable"
        assert it.remembered == Remembered(trouble=it.remembered.trouble)
        with pytest.raises(StoreDegraded, match=r"hotd\.db"):
            it.store.history(None, 9, 9)
        assert reason(it.put(KeptModule("op"))) == "unwritable"
        gone.mkdir()
        it.keep(KeptModule("op"))
    assert remembered(gone).modules == {"op": KeptModule("op")}


# --- not readable any more -------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_kept_aside_and_begun_anew(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Loudly, and never overwritten."""
    (folder / "hotd.db").write_bytes(b"something else altogether" * 100)
    with kept(folder, KeptModule("op")) as it:
        aside = it.remembered.aside
        assert it.remembered.trouble is None and aside is not None and not it.remembered.modules
        assert Path(aside).read_bytes() == b"something else altogether" * 100
        assert aside.startswith(str(folder / "hotd.db.unreadable-20231114T221320Z"))
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert aside in record.getMessage()
    assert remembered(folder).modules == {"op": KeptModule("op")}


def test_the_database_of_another_program_is_not_touched(folder: Path) -> None:
    """It is moved aside as it is."""
    other = sqlite3.connect(folder / "hotd.db")
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    with kept(folder, KeptModule("op")) as it:
        assert it.remembered.aside is not None
        theirs = sqlite3.connect(it.remembered.aside)
        assert theirs.execute("SELECT count(*) FROM theirs").fetchone() == (0,)
        theirs.close()


def test_a_database_with_a_torn_page_is_kept_aside(folder: Path) -> None:
    """It opens, and what a start must read cannot be read."""
    with kept(folder, *(generation(n, "d" * 3000) for n in range(1, 50))):
        pass
    size = (folder / "hotd.db").stat().st_size
    hurt(folder / "hotd.db", 4096, b"\xff" * (size - 4096))
    with kept(folder) as it:
        assert it.remembered.aside is not None and it.remembered.trouble is None


def test_what_is_ruined_while_the_daemon_runs_is_begun_anew(folder: Path) -> None:
    """The piece that met it is not kept, and says so; the next one is, in a new file, and says where the old one is."""
    disk = Disk()
    with kept(folder, KeptModule("op", 1), generation(1), connect=disk.connect) as it:
        disk.failing = {KEEP: failure(sqlite3.SQLITE_CORRUPT, "database disk image is malformed")}
        assert reason(it.put(KeptModule("op", 2))) == "corrupt"
        disk.failing.clear()
        said = it.put(KeptModule("op", 3))
        assert isinstance(said, Written) and said.aside is not None and Path(said.aside).exists()
        assert it.put(KeptModule("op", 4)) == Written(said.ticket + 1)
    known = remembered(folder)
    assert known.modules == {"op": KeptModule("op", 4)} and not known.generations


def test_a_load_whose_beginning_met_the_ruin_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: whoever is told brings everything again, whatever comes before that."""
    monkeypatch.setattr(writer, "A_MOMENT", 30.0)
    disk = Disk()
    with kept(folder, KeptModule("op", 1), connect=disk.connect) as it:
        del it.said[:]
        disk.failing = {KEEP: failure(sqlite3.SQLITE_CORRUPT, "database disk image is malformed")}
        it.later(opened(1), urgent=False)
        eventually(lambda: it.said)
        disk.failing.clear()
        it.later(KeptModule("op", 2))
        eventually(lambda: len(it.said) == 2)
        assert reason(it.said[0]) == "corrupt" and isinstance(it.said[1], Written)
    assert remembered(folder).modules == {"op": KeptModule("op", 2)}


def test_an_intent_that_never_reaches_the_disk_is_told_after_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was in the log; what comes of it, and it, are not kept, and everything is brought again."""
    monkeypatch.setattr(writer, "A_BREATH", 30.0)
    disk = Disk()
    with kept(folder, KeptModule("op", 1), connect=disk.connect) as it:
        del it.said[:]
        first = it.later(intent(1, generation(1), bundle("d1")))
        eventually(lambda: it.logged == [first])
        disk.failing = {KEEP: failure(sqlite3.SQLITE_IOERR, "disk I/O error")}
        last = it.later(KeptModule("op", 2))
        eventually(lambda: len(it.said) == 2)
        assert [(one.ticket, isinstance(one, Unwritten)) for one in it.said] == [(first, True), (last, True)]


def test_only_a_few_unreadable_files_are_kept(folder: Path) -> None:
    """A disk that ruins one after the other is not filled up by us."""
    for number in range(MOST_ASIDE + 2):
        (folder / "hotd.db").write_text(f"ruined {number}" * 50)
        os.utime(folder / "hotd.db", (number, number))
        assert remembered(folder).aside is not None
    kept_aside = sorted(path.read_text()[:8] for path in folder.glob("hotd.db.unreadable-*"))
    assert kept_aside == [f"ruined {number}" for number in range(2, MOST_ASIDE + 2)]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_was_removed_while_the_daemon_ran_is_noticed(folder: Path, replaced: bool) -> None:
    """Else everything would go into a file without a name, and be lost."""
    with kept(folder, KeptModule("op", 1)) as it:
        for path in folder.glob("hotd.db*"):
            path.unlink()
        if replaced:
            (folder / "hotd.db").touch()
        assert reason(it.put(KeptModule("op", 2))) == "unwritable"
        it.keep(KeptModule("op", 3))
    assert remembered(folder).modules == {"op": KeptModule("op", 3)}


def test_sources_that_are_not_what_they_were_are_not_loaded(folder: Path) -> None:
    """Every byte is held against its hash."""
    with kept(folder, intent(1, generation(1), bundle("d1")), intent(2, generation(2, "d2"), bundle("d2"))):
        pass
    writer = sqlite3.connect(folder / "hotd.db")
    writer.execute("UPDATE blobs SET data = (SELECT data FROM blobs WHERE id = 2) WHERE id = 1")
    writer.execute("UPDATE bundles SET manifest = x'00' WHERE id = 2")
    writer.commit()
    writer.close()
    with kept(folder) as it:
        for digest in ("d1", "d2"):
            with pytest.raises(StoreDegraded, match=f"{digest} is damaged"):
                it.store.bundle(digest)


def test_a_store_of_a_newer_hotd_keeps_this_one_from_starting(folder: Path) -> None:
    """It is not ours to guess at, and not ours to throw away."""
    with kept(folder, KeptModule("op")):
        pass
    writer = sqlite3.connect(folder / "hotd.db")
    writer.execute(f"PRAGMA user_version = {VERSION + 1}")
    writer.close()
    before = (folder / "hotd.db").read_bytes()
    with pytest.raises(BadConfig, match="newer hotd"), kept(folder):
        pass
    assert (folder / "hotd.db").read_bytes() == before


# --- ours ------------------------------------------------------------------------------------------------------------


def test_a_piece_that_cannot_be_written_takes_no_other_with_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A defect of ours costs that piece, and its traceback is in the log."""
    hold = Holding()
    with kept(folder, connect=hold.connect) as it:
        it.keep(KeptModule("first"))
        hold.hold()
        it.later(KeptModule("a"))
        hold.reached()
        bad = it.later(KeptModule("b"), replace(generation(), created=float("nan")))
        good = it.later(KeptModule("d"))
        hold.let_go()
        it.keep(KeptModule("e"))
        assert {one.ticket: type(one) for one in it.said}[good] is Written
        (said,) = [one for one in it.said if one.ticket == bad]
        assert reason(said) == "defect" and "a defect of the store" in caplog.text
    assert sorted(remembered(folder).modules) == ["a", "d", "e", "first"]
