"""The watcher, which may give way to one with other settings while the daemon runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hotd.config import Watch
from hotd.core.messages import WatchTrouble
from hotd.ports import Watcher

Troubles = Callable[[tuple[WatchTrouble, ...]], None]
Make = Callable[[Watch, Sequence[Path], Troubles], Watcher]


@dataclass(slots=True)
class Told:
    """What one of them told last of what keeps changes from being seen, and who hears of it."""

    troubles: tuple[WatchTrouble, ...] = ()
    tell: Troubles | None = None

    def note(self, troubles: tuple[WatchTrouble, ...]) -> None:
        self.troubles = troubles
        if self.tell is not None:
            self.tell(troubles)


class Successor(NamedTuple):
    """One that watches already, and is not asked yet."""

    watcher: Watcher
    told: Told


class ChangingWatcher:
    """Implements ``hotd.ports.Watcher``. What keeps changes from being seen is told of the one that is asked."""

    def __init__(self, make: Make, settings: Watch, roots: Sequence[Path], troubles: Troubles) -> None:
        self._make = make
        self._roots = tuple(roots)
        self._troubles = troubles
        self._now = self._made(settings, self._roots)
        self._now.told.tell = troubles

    def _made(self, settings: Watch, roots: Sequence[Path]) -> Successor:
        told = Told()
        return Successor(self._make(settings, roots, told.note), told)

    def start(self) -> None:
        self._now.watcher.start()

    def close(self) -> None:
        self._now.watcher.close()

    def watch(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._now.watcher.watch(self._roots)

    def flush(self) -> None:
        self._now.watcher.flush()

    def settled(self, within: float) -> None:
        self._now.watcher.settled(within)

    def describe(self) -> Mapping[str, Any]:
        return self._now.watcher.describe()

    def successor(self, settings: Watch) -> Successor:
        """One with these settings that watches already. It is to be closed, or to succeed. Raises CannotWatch."""
        there = [root for root in self._roots if root.is_dir()]
        other = self._made(settings, there)
        with contextlib.ExitStack() as undo:
            undo.callback(other.watcher.close)
            if settings.enabled:
                other.watcher.start()
            other.watcher.watch(self._roots)
            undo.pop_all()
        return other

    def succeed(self, other: Successor) -> None:
        """For a moment both have watched: what both told is looked at twice, and nothing was missed."""
        before, self._now = self._now, other
        before.told.tell = None
        before.watcher.flush()
        before.watcher.close()
        other.told.tell = self._troubles
        self._troubles(other.told.troubles)
        other.watcher.watch(self._roots)
