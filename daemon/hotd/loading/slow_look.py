"""The slow look at everything that was imported for good, on a thread of its own."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from hotd.core import names
from hotd.core.messages import Stale, StaleReport
from hotd.loading.sources.disk import NEVER_OURS, SOURCE
from hotd.loading.sources.imported import Imported
from hotd.loading.sticky import Sticky
from hotd.ports import Clock

log = logging.getLogger("hotd.loading")

PAUSE = 1.0
"""Seconds between two looks."""
SPENT = 0.001
"""Seconds of its own time that a look may take."""
HASTE = 20
"""So many times as often it looks while there is anything that was not read so far: until then, what it was is not
known, and a change could only be guessed at."""
SPENT_AT_FIRST = 0.005
"""Seconds of its own time that such a look may take."""

Kind = Literal["extension", "hotd", "package", "python"]


@dataclass(frozen=True, slots=True)
class Uses:
    """What one hosted module imports that is not managed."""

    roots: tuple[str, ...]
    names: frozenset[str] = field(repr=False)

    def contain(self, path: str) -> bool:
        """Whether the file lies under the roots."""
        return any(path.startswith(root.rstrip(os.sep) + os.sep) for root in self.roots)


class SlowLook:
    """Tells the sink what was imported for good and is another on disk by now, whenever that is another than before.

    What has just changed is told when it has stayed so for one pause: an installer takes away first and puts back then.
    """

    def __init__(
        self,
        sticky: Sticky,
        uses: Callable[[], Mapping[str, Uses]],
        sink: Callable[[StaleReport], None],
        clock: Clock,
        pause: float = PAUSE,
    ) -> None:
        """``uses``: who imports what, asked when something differs. ``sink`` is called from the thread here."""
        self._sticky = sticky
        self._uses = uses
        self._sink = sink
        self._clock = clock
        self._pause = pause
        self._turn = threading.Condition()
        """Guards the four below."""
        self._named: set[str] = set()
        self._hurried = False
        self._closed = False
        self._loaded = False
        """Whether anything may import other things than when the report was made."""
        self._differing: list[Imported] = []
        self._seen = self._told = StaleReport()
        self._thread = threading.Thread(target=self._run, name="hotd-slow-look", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def loaded(self, *, imported: bool) -> None:
        """A load is over. If something was imported for it, look now, while what it was can still be seen.

        From any thread, never waits. Where nothing was, this thread sleeps on: the engine has the load to act upon, and
        needs the interpreter lock.
        """
        with self._turn:
            self._loaded = True
            self._hurried |= imported
            if imported:
                self._turn.notify_all()

    def changed(self, paths: Iterable[str]) -> None:
        """These files or folders are said to have changed: look at what of them was imported. As ``loaded``.

        For sources that were not, this thread sleeps on: a reload begins in this moment, and needs the interpreter
        lock.
        """
        named = [path for path in paths if not path.endswith(SOURCE) or self._sticky.holds(path)]
        if named:
            with self._turn:
                self._named.update(named)
                self._turn.notify_all()

    def close(self) -> None:
        """Idempotent."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        due = 0.0
        while True:
            now = self._clock.now().mono
            wait = min(due - now, self._pause / HASTE) if self._sticky.fresh else due - now
            with self._turn:
                self._turn.wait_for(lambda: self._closed or self._hurried or self._named, wait)
                if self._closed:
                    return
                self._loaded |= bool(self._named)
                self._hurried = False
                named, self._named = self._named, set()
            try:
                self._sticky.note()
                self._sticky.look_at(named)
                self._sticky.look_first(SPENT_AT_FIRST)
                if (now := self._clock.now().mono) >= due:
                    due = now + self._pause
                    self._sticky.look(SPENT)
                    self._tell()
            except Exception:
                # What it is about is only told: better never again than every second.
                log.exception("nobody looks any more at what was imported", extra={"event": "stale.defect"})
                return

    def _tell(self) -> None:
        differing = self._sticky.differing
        with self._turn:
            loaded, self._loaded = self._loaded, False
        if loaded or differing != self._differing:
            self._differing = differing
            self._seen = report(differing, self._uses)
        elif self._seen != self._told:
            self._told = self._seen
            self._sink(self._seen)


def report(differing: Iterable[Imported], uses: Callable[[], Mapping[str, Uses]]) -> StaleReport:
    """The files by package, and the packages by who imports them."""
    files = list(differing)
    if not files:
        return StaleReport()
    users = uses()
    groups: dict[tuple[Kind, str], list[str]] = {}
    concerned: dict[tuple[Kind, str], list[str]] = {}
    for one in files:
        top = names.top(one.name)
        below = [user for user, its in users.items() if its.contain(one.path)]
        if below:
            key: tuple[Kind, str] = ("extension", one.name)
            concerned[key] = [user for user in below if one.name in users[user].names]
        elif top in NEVER_OURS:
            key = ("hotd", "hotd")
        elif top in sys.stdlib_module_names:
            key = ("python", "Python's standard library")
        else:
            key = ("package", top)
            concerned[key] = [user for user, its in users.items() if top in its.names]
        groups.setdefault(key, []).append(one.path)
    daemon: list[Stale] = []
    modules: dict[str, list[Stale]] = {}
    for key, paths in groups.items():
        stale = Stale(*key, len(paths), min(paths))
        for user in concerned.get(key, ()):
            modules.setdefault(user, []).append(stale)
        if not concerned.get(key):
            daemon.append(stale)
    return StaleReport(tuple(sorted(daemon)), {user: tuple(sorted(its)) for user, its in modules.items()})
