"""What watchdog loses, and where it ends: everything is looked at again, and somebody is told."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from watchdog.utils import BaseThread

from hotd.core.churn import MANY
from hotd.core.values import Instant
from tests.integration.watching.limited import limited
from tests.integration.watching.rig import MachineClock, Rig
from tests.support.eventually import eventually
from tests.support.overflowing import overflowing


def test_events_that_the_kernel_dropped_are_made_up_for(tmp_path: Path) -> None:
    """An overflow reaches no handler: every later save would be lost, and every folder made meanwhile be unseen."""
    root = tmp_path / "ops"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "m.py").touch()
    with limited(root, tmp_path / "out") as watcher:
        with overflowing(watcher.process.pid, root):
            (root / "pkg" / "m.py").write_text("VERSION = 2\n")
            (root / "new").mkdir()
            (root / "new" / "late.py").touch()

        eventually(lambda: watcher.told >= {"m.py", "late.py"})
        assert watcher.reasons == ["overflow"]
        ((_, message),) = watcher.of("troubles")[-1]
        assert "fs.inotify.max_queued_events" in message
        facts = watcher.run("pass")
        assert (facts["overflows"], facts["folders"]) == (1, 3)
        (root / "new" / "later.py").touch()
        eventually(lambda: "later.py" in watcher.told)


def test_thousands_of_folders_cost_nothing_while_nothing_changes(tmp_path: Path) -> None:
    """Beyond 4,100 of them watchdog, unfiltered, hears itself read them, overflows, reads them again, for ever."""
    root = tmp_path / "ops"
    root.mkdir()
    for number in range(5000):
        (root / f"d{number}").mkdir()
    with limited(root, tmp_path / "out") as watcher:
        (root / "d4999" / "m.py").touch()
        eventually(lambda: watcher.told == {"m.py"})
        clock = MachineClock()
        until, spent = clock.now().mono + 2.0, "say(spent=time.process_time())"
        watcher.run(spent)
        eventually(lambda: clock.now().mono > until)
        facts = watcher.run(spent)

        before, after = watcher.of("spent")
        assert after - before < 0.4
        assert (facts["folders"], facts["overflows"]) == (5001, 0)


@pytest.mark.parametrize("name", ["hotd-inotify", "hotd-watchdog", "hotd-emitter-0"])
def test_a_thread_of_watchdog_that_ends_is_started_anew(rig: Rig, name: str) -> None:
    """Whatever it died of, watchdog says nothing, and its observer counts as alive."""
    rig.write(rig.root / "old.py")
    rig.start(settle=0.01)
    (thread,) = (one for one in threading.enumerate() if one.name == name)
    assert isinstance(thread, BaseThread)
    thread.stop()
    rig.write(rig.root / "unseen.py")

    begun = MachineClock().now().mono
    eventually(lambda: rig.reasons == {"thread-ended"})
    assert MachineClock().now().mono - begun < 2.0
    assert "the thread hotd-" in rig.degraded[0]
    rig.first_told("unseen.py")
    rig.first_told("old.py")
    rig.write(rig.root / "later.py")
    rig.first_told("later.py")


def test_a_file_that_is_written_all_the_time_is_named(rig: Rig) -> None:
    """It is reloaded again and again, and somebody should have it ignored."""
    watcher = rig.start()
    for number in range(MANY):
        rig.write(rig.root / "log.py", f"LINE = {number}\n")
        watcher.flush()

    eventually(lambda: rig.reasons == {"churn"})
    assert "log.py" in rig.degraded[0] and "ignore" in rig.degraded[0]


class CountingClock(MachineClock):
    """Counts how often it is asked on watchdog's thread: for each event that is let through."""

    def __init__(self) -> None:
        self.asked = 0

    def now(self) -> Instant:
        self.asked += threading.current_thread().name == "hotd-watchdog"
        return super().now()


def test_what_nobody_asked_for_wakes_nobody(rig: Rig) -> None:
    """Editors' droppings, byte code, git's own files, ignored ones and data that is none cost neither a wake-up of the
    watcher nor a watch."""
    rig.write(rig.root / "pkg" / "m.py")
    clock = CountingClock()
    watcher = rig.start(clock=clock, ignore=["*.gen.py", "build"])
    for _ in range(20):
        for name in (
            *("m.py~", ".m.py.swp", ".m.py.swx", ".#m.py", "#m.py#", "4913", "m.py.tmp"),
            *("m.py___jb_tmp___", "m.py___jb_old___", "notes.txt", "m.pyc", "m.gen.py", "app.log"),
            *("__pycache__/m.cpython-311.pyc", ".git/index", ".git/refs/heads/main", ".venv/lib/site.py"),
            *("build/deep/made.py", "node_modules/a.py", ".mypy_cache/b.py", ".pytest_cache/c.py"),
        ):
            path = rig.write(rig.root / "pkg" / name)
            path.rename(path.with_name("4913"))
            path.with_name("4913").unlink()
    rig.catch_up()

    assert clock.asked == 1, "the sentinel alone"
    assert watcher.describe()["folders"] == 2
    assert rig.batches == []


def test_a_root_inside_a_big_repository_does_not_watch_the_rest_of_it(rig: Rig) -> None:
    """``repo/services/ops``: what happens beside it is nobody's business."""
    for number in range(50):
        rig.write(rig.folder / "docs" / f"d{number}" / "m.py")
    rig.write(rig.folder / ".git" / "HEAD", "ref: refs/heads/main\n")
    clock = CountingClock()
    watcher = rig.start(clock=clock)
    assert watcher.describe()["folders"] == 1
    for number in range(50):
        rig.write(rig.folder / "docs" / f"d{number}" / "m.py", "VERSION = 2\n")
        rig.write(rig.folder / ".git" / "objects" / f"o{number}")
    rig.catch_up()
    assert clock.asked == 1
    assert rig.batches == []


def burst(root: Path, files: int) -> set[str]:
    """So many files, twenty to a folder, as fast as they can be written."""
    names = [f"m{number}.py" for number in range(files)]
    for number, name in enumerate(names):
        path = root / f"d{number // 20}"
        if number % 20 == 0:
            path.mkdir()
        os.close(os.open(path / name, os.O_WRONLY | os.O_CREAT))
    return set(names)


@pytest.mark.soak
def test_a_burst_while_others_compute_loses_nothing(tmp_path: Path, files: int = 12_000) -> None:
    """A deploy of a whole program beside four instances that leave nobody the interpreter: every file is told."""
    root = tmp_path / "ops"
    root.mkdir()
    with limited(root, tmp_path / "out", "busy") as watcher:
        names = burst(root, files)
        eventually(lambda: watcher.told >= names, within=60, what="all of them to be told")
        facts = watcher.run("pass")
        assert (facts["folders"], facts["unwatched"]) == (1 + files // 20, 0)
