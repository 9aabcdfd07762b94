"""One thread writes, and nobody waits for more than one fsync that he is not part of."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hotd.core.messages import Unwritten, Written
from hotd.core.records import Audited, Forget, KeptFailure, KeptModule, KeptRejection
from hotd.store import pruning, writer
from tests.integration.store.holding import Holding
from tests.integration.store.samples import (
    ERROR,
    WALL,
    bundle,
    event,
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


def test_whatever_is_queued_becomes_one_transaction(folder: Path) -> None:
    """A hundred pieces that arrive during one write cost one more, and one message: the last covers all."""
    hold = Holding()
    with kept(folder, connect=hold.connect) as it:
        before = hold.commits
        hold.hold()
        it.later(KeptModule("op"))
        hold.reached()
        tickets = [it.later(KeptModule("op", current=number), event(number)) for number in range(1, 101)]
        hold.let_go()
        eventually(lambda: len(it.said) == 2)
        assert hold.commits == before + 2
        assert it.said[1:] == [Written(tickets[-1])]
    assert remembered(folder).modules["op"].current == 100


def test_what_is_not_urgent_is_told_with_what_comes_after_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning of a load and what it brings cost one message; the beginning is written by then, once."""
    asked = Audited(WALL, "root", 0, "reload", "{}", "promoted")
    monkeypatch.setattr(writer, "A_MOMENT", 30.0)
    with kept(folder) as it:
        it.later(opened(1), event(7), asked, urgent=False)
        eventually(lambda: it.store.events(0, 9, 9) == (event(7),))
        assert not it.said
        last = it.later(revision(1))
        eventually(lambda: it.said)
        assert it.said == [Written(last)]
    assert rows(folder, "SELECT count(*) FROM audit") == [(1,)]


def test_what_is_not_urgent_and_has_to_outlive_a_power_cut_is_written_with_what_comes_after_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both cost one transaction."""
    monkeypatch.setattr(writer, "A_MOMENT", 30.0)
    hold = Holding()
    with kept(folder, connect=hold.connect) as it:
        before = hold.commits
        it.later(KeptModule("op"), urgent=False)
        last = it.later(revision(1))
        eventually(lambda: it.said)
        assert it.said == [Written(last)] and hold.commits == before + 1


def test_what_is_not_urgent_is_written_though_nothing_comes(folder: Path) -> None:
    """A load that takes long is known to have begun."""
    with kept(folder) as it:
        ticket = it.later(opened(1), urgent=False)
        eventually(lambda: it.said == [Written(ticket)])
        assert remembered(folder).last_revision == 1


def test_the_beginning_of_a_load_is_kept_whatever_it_brings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written already when the other cannot be, and told apart."""
    monkeypatch.setattr(writer, "A_MOMENT", 30.0)
    with kept(folder) as it:
        begun = it.later(opened(1), urgent=False)
        bad = it.later(intent(1, replace(generation(), created=float("nan")), bundle("d1")))
        eventually(lambda: len(it.said) == 2)
        assert [(one.ticket, type(one)) for one in it.said] == [(begun, Written), (bad, Unwritten)]
        it.keep(intent(1, generation(1), bundle("d1")))
        assert it.store.bundle("d1") == bundle("d1")
    assert remembered(folder).interrupted == {"op": 1}


def test_an_intent_is_told_as_soon_as_it_outlives_the_daemon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is durable; that it is told with what comes of it, and by itself where nothing comes."""
    monkeypatch.setattr(writer, "A_BREATH", 30.0)
    with kept(folder) as it:
        first = it.later(intent(1, generation(1), bundle("d1")))
        eventually(lambda: it.logged == [first])
        assert rows(folder, "SELECT number FROM generations") == [(1,)] and not it.said
        last = it.later(revision(1))
        eventually(lambda: it.said == [Written(last)])
        monkeypatch.setattr(writer, "A_BREATH", 0.0)
        alone = it.later(intent(2, generation(2, "d2"), bundle("d2")))
        eventually(lambda: it.said == [Written(last), Written(alone)])
        assert it.logged == [first, alone]


def test_nothing_is_told_to_be_durable_over_an_intent_that_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after it is told after it, also where that would need no disk."""
    monkeypatch.setattr(writer, "A_BREATH", 30.0)
    with kept(folder) as it:
        it.later(intent(1, generation(1), bundle("d1")))
        eventually(lambda: it.logged)
        seen: list[bool] = []
        known = it.store._writer._file.known()
        waits = known.wait_for_disk

        def noting(on: bool) -> None:
            seen.append(on)
            waits(on)

        monkeypatch.setattr(known, "wait_for_disk", noting)
        it.keep(event(7))
        assert seen[0]


def test_an_end_has_on_the_disk_what_is_in_the_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it is told."""
    monkeypatch.setattr(writer, "A_BREATH", 30.0)
    with kept(folder) as it:
        ticket = it.later(intent(1, generation(1), bundle("d1")))
        eventually(lambda: it.logged)
    assert it.said == [Written(ticket)]


def test_what_is_queued_at_the_end_is_kept(folder: Path) -> None:
    """The daemon's own end loses nothing, and is none of a death."""
    hold = Holding()
    with kept(folder, connect=hold.connect) as it:
        hold.hold()
        for number in range(1, 500):
            it.later(revision(number))
        hold.let_go()
    known = remembered(folder)
    assert known.last_revision == 499 and not known.died


def test_an_end_does_not_wait_for_a_disk_that_hangs(folder: Path) -> None:
    """It is told that not everything is kept."""
    hold = Holding()
    with kept(folder, connect=hold.connect) as it:
        hold.hold()
        it.later(KeptModule("op"))
        hold.reached()
        assert not it.store.close(0.01)
        hold.let_go()


def test_readers_do_not_wait_for_the_writer(folder: Path) -> None:
    """They see what is kept by now, whole."""
    hold = Holding()
    with kept(folder, revision(1), connect=hold.connect) as it:
        hold.hold()
        it.later(revision(2))
        hold.reached()
        found: list[int] = []
        readers = [threading.Thread(target=lambda: found.append(len(it.store.history(None, 9, 9)))) for _ in range(8)]
        for one in readers:
            one.start()
        for one in readers:
            one.join(20)
        assert found == [1] * 8
        hold.let_go()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="counts system calls")
def test_a_piece_costs_one_fsync_and_what_is_only_noted_none(tmp_path: Path) -> None:
    """Counted at the kernel's door: neither a checkpoint nor a journal of SQLite's own comes on top, nor the head of a
    log that was just brought home."""
    trace = tmp_path / "trace"
    script = """
        import os, sys
        from pathlib import Path
        from hotd.store import writer
        from tests.integration.store.samples import *
        writer.QUIET = 30.0
        with kept(Path(sys.argv[1]), revision(1)) as it:
            for number in range(2, 7):
                os.access("/piece", 0)
                it.keep(intent(number, generation(number, f"d{number}"), bundle(f"d{number}")), revision(number))
            writer.QUIET = 0.01
            log = Path(sys.argv[1]) / "hotd.db-wal"
            old = log.read_bytes()[16:24]
            it.keep(revision(7))
            eventually(lambda: (new := log.read_bytes())[16:24] == new[40:48] != old)  # head, and what follows it
            writer.QUIET = 30.0
            os.access("/piece", 0)
            it.keep(intent(8, generation(8, "d8"), bundle("d8")), revision(8))
            os.access("/noted", 0)
            for number in range(9, 15):
                it.keep(event(number), opened(number))
            os.access("/piece", 0)
            it.later(opened(15), urgent=False)
            it.keep(intent(15, generation(15, "d15"), bundle("d15")))
            os.access("/piece", 0)
            writer.A_BREATH = 30.0
            it.later(intent(16, generation(16, "d16"), bundle("d16")))
            eventually(lambda: len(it.logged) == 8)
            it.keep(revision(16))
            os.access("/end", 0)
    """
    (tmp_path / "state").mkdir()
    body = "\n".join(line.removeprefix(" " * 8) for line in script.splitlines())
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,access,faccessat,faccessat2", "-o", str(trace)]
    ran = subprocess.run(
        [*command, sys.executable, "-c", body, str(tmp_path / "state")],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    lines = trace.read_text().splitlines()
    places = [n for n, line in enumerate(lines) if any(mark in line for mark in ('"/piece"', '"/noted"', '"/end"'))]
    syncs = [sum("sync(" in line for line in lines[first:second]) for first, second in itertools.pairwise(places)]
    assert syncs[:4] == [1, 1, 1, 1] and syncs[-4:] == [1, 0, 1, 1]


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_the_store_stays_as_small_as_what_it_is_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it never has a quiet moment; the newest of everything stays."""
    for name in ("REVISIONS", "EVENTS", "AUDITED", "RUNS", "FAILURES", "REJECTIONS"):
        monkeypatch.setattr(pruning, f"MOST_{name}", 5)
    monkeypatch.setattr(writer, "MOST_UNTIDY", 20)
    monkeypatch.setattr(writer, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(writer, "QUIET", 3600.0)
    with kept(folder) as it:
        for n in range(1, 41):
            failures = [KeptFailure(name, WALL, n, None, ERROR) for name in ("op", "other")]
            rejection = KeptRejection("op", f"d{n}", ERROR, WALL, "watch", "watch", 1.0)
            it.later(revision(n), event(n), rejection, *failures)
        eventually(lambda: len(it.said) == 40)
        assert [one.revision for one in it.store.history(None, 99, 99)][:5] == [40, 39, 38, 37, 36]
        assert len(it.store.history("op", 99, 99)) < 30
    for table, most in (("revisions", 24), ("events", 24), ("rejections", 24), ("failures", 48), ("touched", 24)):
        assert rows(folder, f"SELECT count(*) FROM {table}")[0][0] <= most, table
    assert rows(folder, "SELECT max(seq) FROM events") == [(40,)]


def test_no_source_is_removed_that_a_generation_needs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles come and go; those whose records stand are whole."""
    monkeypatch.setattr(writer, "MOST_UNTIDY", 1)
    monkeypatch.setattr(writer, "MOST_AT_ONCE", 1)
    with kept(folder) as it:
        for n in range(1, 31):
            it.later(intent(n, generation(n, f"d{n}"), bundle(f"d{n}", "shared", str(n // 2), str(n))))
            if n > 10:
                it.later(Forget("op", (n - 10,)))
        eventually(lambda: it.said and it.said[-1].ticket == 50)
        it.keep(KeptModule("op"))
        for n in range(21, 31):
            assert it.store.bundle(f"d{n}") == bundle(f"d{n}", "shared", str(n // 2), str(n))
    assert rows(folder, "SELECT count(*) FROM bundles") == [(10,)]


def test_the_log_is_brought_home_when_nobody_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not grow for ever, and a commit does not pay for it."""

    def home() -> int:
        return (folder / "hotd.db").stat().st_size

    big = os.urandom(200_000).hex()
    with kept(folder) as it:
        before = home()
        for number in range(1, 12):
            it.keep(KeptModule("op", number), intent(number, generation(number), bundle(f"d{number}", big)))
        assert home() == before
        monkeypatch.setattr(writer, "QUIET", 0.01)
        it.keep(KeptModule("op"))
        eventually(lambda: home() > before)
