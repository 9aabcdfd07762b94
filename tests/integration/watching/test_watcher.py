"""The watcher's life: start, flush, close, and what must not end it."""

from __future__ import annotations

import shutil
import threading

import pytest
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from hotd.contract.errors import CannotWatch
from hotd.core.values import Instant
from hotd.ports import Batch, WatchTrouble
from hotd.watching.watcher import MANY
from tests.integration.watching.rig import ClockThatStops, MachineClock, Rig, watching_threads
from tests.support.eventually import eventually


def test_no_thread_before_the_start_and_none_after_the_end(rig: Rig) -> None:
    """A watcher that was only built costs nothing; a closed one leaves nothing."""
    watcher = rig.watcher()
    assert not watching_threads()

    watcher.start()
    assert set(watching_threads()) == {"hotd-inotify", "hotd-watchdog", "hotd-emitter-0", "hotd-watcher"}

    watcher.close()
    assert not watching_threads()
    assert watcher.describe()["folders"] == 0


def test_closing_is_quick_and_may_be_repeated(rig: Rig) -> None:
    """A daemon that stops does not wait for its watcher, even in the middle of a move."""
    watcher = rig.start()
    rig.write(rig.root / "m.py").rename(rig.elsewhere / "m.py")
    begun = MachineClock().now().mono

    watcher.close()
    watcher.close()

    assert MachineClock().now().mono - begun < 1.0


def test_a_watcher_that_never_started_can_be_closed_and_flushed(rig: Rig) -> None:
    """Whoever cleans up need not know how far the start had come."""
    watcher = rig.watcher()

    watcher.flush()
    watcher.close()

    with pytest.raises(RuntimeError, match="starts once"):
        watcher.start()


def test_a_batch_is_expected_before_it_is_told(rig: Rig) -> None:
    """Once, with the same files: what a load will need is read while nobody may load. A failure of that costs it."""
    said: list[tuple[str, frozenset[str]]] = []

    def expected(paths: frozenset[str]) -> None:
        said.append(("expected", paths))
        raise ZeroDivisionError

    def told(batch: Batch) -> None:
        said.append(("told", batch.paths))

    rig.start(sink=told, expected=expected, settle=1.5)  # half of which no busy machine oversleeps
    rig.write(rig.root / "m.py")
    eventually(lambda: len(said) == 2)
    assert said == [("expected", paths := frozenset({str(rig.root / "m.py")})), ("told", paths)]


def test_many_files_are_not_expected(rig: Rig) -> None:
    """Who writes so many is not done yet, most often, and nobody waits for milliseconds then."""
    said: list[int] = []
    watcher = rig.start(sink=lambda batch: said.append(len(batch.paths)), expected=lambda _: said.append(0))
    (rig.elsewhere / "pkg").mkdir()
    for number in range(MANY):
        rig.write(rig.elsewhere / "pkg" / f"m{number}.py")
    (rig.elsewhere / "pkg").rename(rig.root / "pkg")
    eventually(lambda: sum(said) >= MANY)
    watcher.close()
    assert 0 not in said


def test_a_watcher_starts_once(rig: Rig) -> None:
    """A second start would watch everything twice."""
    watcher = rig.start()

    with pytest.raises(RuntimeError, match="starts once"):
        watcher.start()


def test_a_flush_hands_over_what_has_not_settled(rig: Rig) -> None:
    """``deploy`` does not wait for quiet: what was written before ``flush``, the receiver has when it returns."""
    watcher = rig.start(settle=3600.0, settle_max=3600.0)
    for number in range(50):
        rig.forget()
        new = rig.write(rig.folder / "outbox" / "new.py")
        rig.write(rig.root / f"m{number}.py")
        (rig.root / f"m{number}.py").rename(rig.folder / "outbox" / "old.py")  # waits for its other half
        new.rename(rig.root / "m.py")

        watcher.flush()

        assert {"m.py", f"m{number}.py"} == set().union(*rig.batches)


def test_whoever_asks_waits_for_what_waits_for_quiet(rig: Rig) -> None:
    """Who has just read the disk hears of the other half of a checkout before he tells what he has read."""
    watcher = rig.start(settle=0.5)
    rig.write(rig.root / "m.py")
    eventually(lambda: watcher.describe()["pending"] > 0)

    watcher.settled(60.0)

    assert rig.batches == [{"m.py"}]


def test_a_flush_gives_up_on_a_root_that_is_going(rig: Rig) -> None:
    """Nothing comes from there any more, and nobody waits for it for ever."""
    watcher = rig.start(settle=3600.0, settle_max=3600.0)
    shutil.rmtree(rig.root)
    watcher.flush()
    watcher.close()
    watcher.flush()


def test_a_file_that_is_written_for_ever_does_not_hold_up_the_others(rig: Rig) -> None:
    """The cap: while one file never rests, others are told all the same."""
    rig.start(settle=0.4, settle_max=0.8)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.005):
            rig.write(rig.root / "busy.py")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        rig.write(rig.root / "m.py")
        eventually(lambda: str(rig.root / "m.py") in rig.told)
    finally:
        stop.set()
        writer.join()


def test_what_is_quiet_only_because_events_come_late_is_not_told_by_halves(rig: Rig) -> None:
    """Half a checkout would be loaded: before many files are told, it is made sure that no more are on their way."""
    clock = ClockThatStops(after=150)
    rig.start(clock=clock, settle=0.05)
    (rig.root / "pkg").mkdir()
    for number in range(200):
        rig.write(rig.folder / "outbox" / f"m{number}.py").rename(rig.root / f"m{number}.py")
    rig.nothing_is_told_while_it_stops(clock)

    rig.first_told("m199.py")
    assert rig.batches == [{f"m{number}.py" for number in range(200)}]


def test_what_waits_behind_a_backup_that_is_moved_away_is_told_with_it(rig: Rig) -> None:
    """Emacs and vim may keep backups elsewhere: the file goes there, and a new one is written. That is one save."""
    clock = ClockThatStops(after=2)
    path, new = rig.write(rig.root / "m.py"), rig.write(rig.elsewhere / "m.py", "VERSION = 2\n")
    rig.start(clock=clock, settle=0.05)

    path.rename(rig.elsewhere / "m.py~")
    new.rename(path)

    rig.nothing_is_told_while_it_stops(clock)
    assert rig.told_of("m.py") == [{"m.py"}]


class ClockThatBreaks(MachineClock):
    """Raises once, on the thread on which watchdog calls its handlers."""

    def __init__(self) -> None:
        self.broken = threading.Event()

    def now(self) -> Instant:
        if threading.current_thread().name == "hotd-watchdog" and not self.broken.is_set():
            self.broken.set()
            raise RuntimeError("the clock broke")
        return super().now()


def test_an_exception_in_the_handler_ends_nothing(rig: Rig) -> None:
    """watchdog's observer dies of it and says nothing; ours says it and lives."""
    clock = ClockThatBreaks()
    rig.start(clock=clock)

    rig.write(rig.root / "first.py")
    assert clock.broken.wait(10)
    rig.write(rig.root / "second.py")

    assert rig.told_of("second.py")
    assert rig.told_of("first.py"), "what was lost is looked for"
    assert rig.reasons == {"event-lost"}
    assert "RuntimeError: the clock broke" in rig.degraded[0]


def test_a_receiver_that_fails_is_told_the_next_batch(rig: Rig) -> None:
    """A defect above the watcher does not end the watching."""
    failed = threading.Event()

    def sink(batch: Batch) -> None:
        if not failed.is_set():
            failed.set()
            raise ValueError("no")
        rig.sink(batch)

    rig.start(sink=sink)
    rig.write(rig.root / "first.py")
    assert failed.wait(10)
    rig.write(rig.root / "second.py")

    assert rig.told_of("second.py")
    assert rig.told_of("first.py"), "what was not taken is told again"
    assert rig.reasons == {"batch-lost"}
    assert "ValueError: no" in rig.degraded[0]


def test_nobody_to_complain_to_ends_nothing_either(rig: Rig) -> None:
    """Even when the complaint fails, the next change is told."""

    def troubles(those: tuple[WatchTrouble, ...]) -> None:
        raise RuntimeError("nobody is there")

    clock = ClockThatBreaks()
    rig.start(clock=clock, troubles=troubles)
    rig.write(rig.root / "first.py")
    assert clock.broken.wait(10)
    rig.write(rig.root / "second.py")

    assert rig.told_of("second.py")


def test_a_receiver_may_flush_and_close(rig: Rig) -> None:
    """The sink is called on the watcher's own thread; asking it to end from there must not hang."""
    closed = threading.Event()

    def sink(batch: Batch) -> None:
        watcher.flush()
        watcher.close()
        closed.set()

    watcher = rig.watcher(sink=sink)
    watcher.start()
    rig.write(rig.root / "m.py")

    assert closed.wait(10)


def test_a_users_own_watchdog_keeps_its_delay(rig: Rig) -> None:
    """Users' modules run in this process: what the watcher sets for itself it sets for nobody else."""
    usual = InotifyMoveEventGrouper.delay

    rig.start()

    assert InotifyMoveEventGrouper.delay == usual == 0.5


@pytest.mark.parametrize("backend", ["auto", "polling"])
def test_a_root_that_is_missing_or_a_file_is_refused(rig: Rig, backend: str) -> None:
    """A start that watches nothing is no start; the message names the root, and no thread remains."""
    file = rig.write(rig.elsewhere / "m.py")
    for root, reason in ((rig.folder / "missing", "no such file or directory"), (file, "not a directory")):
        watcher = rig.watcher(rig.root, root, backend=backend)

        with pytest.raises(CannotWatch) as caught:
            watcher.start()

        assert caught.value.message == f"source root {root} cannot be watched: {reason}"
        assert not watching_threads()


def test_an_unknown_backend_is_refused(rig: Rig) -> None:
    """A typing error does not become inotify by accident."""
    with pytest.raises(ValueError, match="backend"):
        rig.watcher(backend="fsevents")
