"""What watching costs over many files, and how soon a save is current. Not collected by itself: `make bench`."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from hotctl import connect
from hotctl.client import Daemon
from hotd.app.clock import SystemClock
from hotd.contract.requests import Events
from hotd.watching import FileWatcher
from hotd.watching.sweep import Sweep
from tests.bench.bench_daemon import IDLE, cpu
from tests.bench.conftest import Tell
from tests.chaos.saves.tree import SPINS
from tests.support.daemons import Running, config, folder_for_sockets, launch, ready
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

EACH = 20
"""Files in a folder."""
SETTLE = 50.0
"""Milliseconds."""
SAVES = 40
POLLING = 'backend = "polling"\ninterval = "1s"'


def fill(root: Path, files: int) -> None:
    for number in range(files // EACH):
        folder = root / f"p{number // 50}" / f"d{number}"
        folder.mkdir(parents=True)
        for file in range(EACH):
            (folder / f"m{file}.py").write_text("VERSION = 1\n")


def memory(pid: int) -> float:
    """Megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def daemon(folder: Path, *, watch: str = "", tables: str = "") -> Iterator[Running]:
    (folder / "hotd.toml").write_text(
        config(hosted("one", "one:work", more='on_change = "stop"') + tables, watch=watch)
    )
    (folder / "daemon.log").unlink(missing_ok=True)
    running = launch(folder)
    try:
        ready(running, 120)
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def idle(running: Running) -> float:
    """Percent of a core."""
    pass_by(3)  # what a start leaves to be done is no part of this
    before, began = cpu(running.process.pid), time.monotonic()
    pass_by(IDLE)
    return (cpu(running.process.pid) - before) / (time.monotonic() - began) * 100


@pytest.mark.timeout(600)
def test_many_files(holds: Tell) -> None:
    """With 100,000 files a daemon does nothing while nothing happens, is up a second later, and takes 30 MB more."""
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "one.py").write_text(waiter("one"))
        with daemon(folder) as running:
            bare, began = memory(running.process.pid), cpu(running.process.pid)
            nothing = idle(running)
        for files in (10_000, 100_000):
            fill(folder / "ops" / f"t{files}", files if files == 10_000 else files - 10_000)
            with daemon(folder) as running:
                more = cpu(running.process.pid) - began
                share = idle(running)
                taken = memory(running.process.pid) - bare
            holds(
                f"inotify, {files} files: idle, % of a core more", max(0, share - nothing), 0.5, f"{nothing:.2f} bare"
            )
            holds(f"inotify, {files} files: start, s of a core more", more, 1, f"{began:.2f} bare")
            holds(f"inotify, {files} files: memory, MB more", taken, 30, f"{bare:.0f} bare")
            looks = [look_at_all(folder / "ops") for _ in range(3)]
            with daemon(folder, watch=POLLING) as running:
                share = idle(running)
                taken = memory(running.process.pid) - bare
            looks += [look_at_all(folder / "ops") for _ in range(3)]
            whole = statistics.mean(looks)  # a machine is not as fast at all times
            how = f"a whole look takes {whole:.2f} s"
            holds(f"polling, {files} files: idle, % of a core more", max(0, share - nothing), whole * 10, how)
            holds(f"polling, {files} files: memory, MB more", taken, 30, f"{bare:.0f} bare")


def look_at_all(root: Path) -> float:
    """Seconds of a core that one look at everything takes."""
    watcher = FileWatcher(
        [root], sink=lambda _: None, settle=0.05, settle_max=1.0, backend="polling", interval=3600.0,
        ignore=(), also=(), clock=SystemClock(), troubles=lambda _: None,
    )  # fmt: skip
    watcher.start()
    began = time.process_time()
    watcher.flush()
    took = time.process_time() - began
    watcher.close()
    return took


def test_the_sweep(holds: Tell, tmp_path: Path) -> None:
    """A look at 500 loaded files, each second."""
    paths = [str(tmp_path / f"m{number}.py") for number in range(500)]
    for path in paths:
        Path(path).write_text("VERSION = 1\n")
    sources = dict.fromkeys(paths, "0" * 64)
    sweep = Sweep(lambda: (sources,), SystemClock())
    for _ in range(10):
        sweep.look()
    began = time.thread_time()
    for _ in range(100):
        sweep.look()
    holds("sweep of 500 loaded files, ms", (time.thread_time() - began) * 10, 2.5, "0.25 % of a core")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("busy", "more"), ((0, 5.0), (4, 60.0)))
def test_a_save_is_current(holds: Tell, busy: int, more: float) -> None:
    """From the close of the file to the new generation: the settle time, and what is told here on top of it."""
    tables = hosted("busy", "busy:work", busy) if busy else ""
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "one.py").write_text(waiter("one"))
        (folder / "ops" / "busy.py").write_text(SPINS)
        with daemon(folder, tables=tables) as running, connect(str(running.socket)) as client:
            took = []
            for number in range(SAVES):
                cursor = client.status().daemon.seq
                running.write("one.py", waiter(f"number {number}"))
                saved = time.time()
                pass_by(0.6)  # who watches a daemon takes its time: it is asked afterwards
                took.append((promoted(client, cursor) - saved) * 1000 - SETTLE)
    how = f"at most {max(took):.1f}, quickest {min(took):.1f}"
    holds(f"save to current with {busy} busy instances, ms beyond the settle time", statistics.median(took), more, how)


def promoted(client: Daemon, cursor: int) -> float:
    """When the generation of then became current, by the daemon's own clock, which shows whole milliseconds."""
    found: list[float] = []

    def told() -> bool:
        events = client.ask(Events(cursor, 100, 0.0, "one")).events
        found[:] = [datetime.fromisoformat(one.at).timestamp() for one in events if one.event == "reload.promoted"]
        return bool(found)

    eventually(told)
    return found[0] + 0.0005


def pass_by(seconds: float) -> None:
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > seconds, within=seconds + 5)
