"""A watcher over a real folder, and what it told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hotd.core.values import Instant
from hotd.ports import Batch, Clock, WatchTrouble
from hotd.watching import FileWatcher
from tests.support.eventually import eventually

SETTLE = 0.25
"""Long enough that a busy machine does not make two batches of one save."""


class MachineClock:
    """The clocks of the machine."""

    def now(self) -> Instant:
        return Instant(time.monotonic(), time.time())


class ClockThatStops(MachineClock):
    """Holds up watchdog's thread in the middle of many events, as a machine does that has other things to do."""

    def __init__(self, after: int) -> None:
        self._left = after
        self.held, self.go_on = threading.Event(), threading.Event()

    def now(self) -> Instant:
        if threading.current_thread().name == "hotd-watchdog":
            self._left -= 1
            if self._left == 0:
                self.held.set()
                self.go_on.wait(10)
        return super().now()


class Rig:
    """``root`` is watched once ``start`` was called; ``batches`` are those that came, as paths below ``root``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "ops"
        self.root.mkdir()
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.degraded: list[str] = []
        """What kept changes from being seen, a sentence each, from the first on."""
        self.restored: list[str] = []
        """What was said of the end of those."""
        self.troubles: tuple[WatchTrouble, ...] = ()
        """What does now."""
        self._news = threading.Condition()
        self._batches: list[Batch] = []
        self._watchers: list[FileWatcher] = []
        self._sentinels = 0

    def watcher(self, *roots: Path, **given: Any) -> FileWatcher:
        """Not started yet; closed at the end of the test."""
        clock: Clock = MachineClock()
        usual: dict[str, Any] = {
            "sink": self.sink,
            "settle": SETTLE,
            "settle_max": 30.0,
            "backend": "auto",
            "interval": 0.02,
            "ignore": (),
            "also": (),
            "clock": clock,
            "troubles": self.trouble,
        }
        watcher = FileWatcher(roots or (self.root,), **{**usual, **given})
        self._watchers.append(watcher)
        return watcher

    def start(self, *roots: Path, **given: Any) -> FileWatcher:
        watcher = self.watcher(*roots, **given)
        watcher.start()
        return watcher

    def close(self) -> None:
        for watcher in self._watchers:
            watcher.close()

    def sink(self, batch: Batch) -> None:
        with self._news:
            self._batches.append(batch)
            self._news.notify_all()

    def trouble(self, troubles: tuple[WatchTrouble, ...]) -> None:
        before, self.troubles = self.troubles, troubles
        keys = [{(one.reason, one.subject) for one in those} for those in (before, troubles)]
        self.degraded += [one.message for one in troubles if (one.reason, one.subject) not in keys[0]]
        self.restored += [one.over for one in before if (one.reason, one.subject) not in keys[1] and one.over]

    @property
    def reasons(self) -> set[str]:
        """Why changes go unseen now, or went until a moment ago."""
        return {trouble.reason for trouble in self.troubles}

    @property
    def batches(self) -> list[set[str]]:
        return [{os.path.relpath(path, self.root) for path in batch.paths} for batch in list(self._batches)]

    @property
    def told(self) -> set[str]:
        """Everything that came, as it was told."""
        return {path for batch in list(self._batches) for path in batch.paths}

    def told_of(self, name: str) -> list[set[str]]:
        """The batches that hold this file; waits for the first one, and then makes sure that no other comes."""
        self.first_told(name)
        self.catch_up()
        return [batch for batch in self.batches if name in batch]

    def nothing_is_told_while_it_stops(self, clock: ClockThatStops) -> None:
        """Long after what has arrived so far has settled; then it goes on."""
        assert clock.held.wait(10)
        began = clock.now().mono
        eventually(lambda: clock.now().mono > began + 0.3)
        assert self.batches == []
        clock.go_on.set()

    def first_told(self, name: str) -> None:
        """Until a batch with this file has come."""
        with self._news:
            assert self._news.wait_for(lambda: any(name in batch for batch in self.batches), 10), (
                f"{name} was not told; but {self.batches}, degraded {self.degraded}"
            )

    def forget(self) -> None:
        with self._news:
            self._batches = []

    def catch_up(self) -> None:
        """Until everything that happened before this call has been told: a file saved now is told after it."""
        self._sentinels += 1
        name = f"sentinel_{self._sentinels}.py"
        # Moved in, because that is one event; of "created" and "closed" the second may come after the flush.
        self.write(self.folder / "outbox" / name).rename(self.root / name)
        watcher = self._watchers[-1]

        def came() -> bool:
            watcher.flush()
            return any(path.endswith(name) for path in self.told)

        eventually(came, within=10, what="the sentinel")
        with self._news:
            without = (frozenset(path for path in batch.paths if not path.endswith(name)) for batch in self._batches)
            self._batches = [Batch(paths) for paths in without if paths]

    def write(self, path: Path, text: str = "VERSION = 1\n") -> Path:
        """Save in place."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path


def watching_threads() -> Sequence[str]:
    """The threads of this process that a watcher has started."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("hotd-")]


def descriptors() -> list[str]:
    """What the inotify instances and pipes of this process are called."""
    kinds = ("anon_inode:inotify", "pipe:")
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:  # the one that listed the folder
            continue
        if target.startswith(kinds):
            found.append(target)
    return sorted(found)
