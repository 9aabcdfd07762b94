"""What becomes of generations that were retired: their hook is called, their memory collected, what stays is told.

All of it happens on a thread of its own, which is there from the first retirement on; nobody waits for it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hotd.core.messages import HookFailed, LeakedCode, Leaks
from hotd.loading.dispose import HOT_DISPOSE, Disposal, dispose
from hotd.loading.generation import Generation
from hotd.loading.loader import Loader
from hotd.loading.memory.collecting import Collector
from hotd.loading.memory.leaks import Leak
from hotd.ports import Afterlife, Clock

log = logging.getLogger("hotd.loading")

DEFECT_PAUSE = 1.0
"""Seconds between two tries of something that fails by a defect."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How long things may take, in seconds."""

    deadline: float = 10.0
    """For a dispose hook."""
    grace: float = 1.0
    """From a retirement until it is news that the code is in memory: threads come to their end meanwhile."""
    again: float = 5.0
    """Between two looks at what leaks, so that it is no news any more when its holder lets go; then twice that, …"""
    longest: float = 60.0
    """… until it is this."""
    share: float = 0.02
    """Of all time, in which every thread may stand still because garbage is collected."""


DEFAULT = Pacing()


@dataclass(slots=True, eq=False)
class Leaving:
    """A generation on its way out. Dropping this is what lets it go."""

    module: str
    generation: Generation
    part: str
    """The name of the part that has the hook."""
    loader: Loader
    runs: Callable[[], bool]
    """Whether an instance runs it: one that was abandoned, and is not counted any more."""
    unseen: bool = False
    """Another load of the same number has taken its place: that somebody still runs this one is no news."""
    disposal: Disposal | None = None
    until: float = 0.0
    """Monotonic seconds: when to look at it again."""


@dataclass(slots=True)
class _Line:
    """What is known of one hosted module's retired generations."""

    loader: Loader
    since: dict[int, float] = field(default_factory=dict)
    """Number -> when it was let go, for those that may still be in memory."""
    told: tuple[LeakedCode, ...] = ()


class Reclaim:
    """Sees retired generations off; ``sink`` hears of what goes wrong. Thread-safe."""

    def __init__(self, clock: Clock, sink: Callable[[Afterlife], None], pacing: Pacing) -> None:
        self._clock = clock
        self._sink = sink
        self._pacing = pacing
        self.collector = Collector(pacing.share, self._now)
        self._inbox: queue.SimpleQueue[Leaving | None] = queue.SimpleQueue()
        self._lines: dict[str, _Line] = {}
        self._leaving: list[Leaving] = []
        self._thread: threading.Thread | None = None
        self._looked = 0.0
        self._pause = pacing.again
        self._asked = False
        self._closed = threading.Event()

    def retire(self, leaving: Leaving) -> None:
        """See a generation off. Returns at once. Called by one thread, that of the engine."""
        if self._closed.is_set():
            return
        self._inbox.put(leaving)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hotd-reclaim", daemon=True)
            self._thread.start()

    def look_soon(self) -> None:
        """Somebody wants to know. Any thread."""
        self._asked, self._pause = True, self._pacing.again
        self._inbox.put(None)

    def close(self, timeout: float = 1.0) -> None:
        """End the thread, unless a finalizer of user code keeps it. Hooks that run are left alone."""
        self._closed.set()
        if self._thread is not None:
            self._inbox.put(None)
            self._thread.join(timeout)

    # --- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._turn()
            except Exception:
                # A defect here must not cost the news of everything that is retired later.
                log.exception("a defect of the loader", extra={"event": "loader.defect"})
                self._closed.wait(DEFECT_PAUSE)
        self._leaving, self._lines = [], {}
        self._inbox = queue.SimpleQueue()

    def _turn(self) -> None:
        self._hear()
        self._see_them_off()
        if self._look_in() == 0.0:
            self._look()

    def _hear(self) -> None:
        try:
            leaving = self._inbox.get(timeout=self._patience())
        except queue.Empty:
            return
        if leaving is not None:
            self._leaving.append(leaving)

    def _patience(self) -> float | None:
        """Seconds until something has to be looked at; None while nobody is on his way out."""
        due = [one.until - self._now() for one in self._leaving]
        if (look := self._look_in()) is not None:
            due.append(look)
        return max(0.0, min(due)) if due else None

    def _look_in(self) -> float | None:
        """Seconds until the next look; None when there is nothing to look for.

        At what was let go: at once, at the end of its grace, and then again and again, less and less often.
        """
        lost = [since for line in self._lines.values() for since in line.since.values()]
        if not lost:
            return None
        later = self._looked + self._pause
        due = (
            self._looked
            if self._asked
            else min(
                next((at for at in (since, since + self._pacing.grace) if at > self._looked), later) for since in lost
            )
        )
        return max(0.0, due - self._now(), self.collector.due_in())

    # --- the way out -----------------------------------------------------------------------------------------------

    def _see_them_off(self) -> None:
        for leaving in list(self._leaving):
            if leaving.until <= self._now() or (leaving.disposal is not None and leaving.disposal.ended):
                self._leaving.remove(leaving)
                self._see_off(leaving)

    def _see_off(self, leaving: Leaving) -> None:
        """One step on its way: nobody runs it, its hook is over or late, it is let go."""
        if leaving.disposal is not None:
            self._end(leaving, leaving.disposal)
            return
        if leaving.runs():
            if not leaving.unseen and not leaving.generation.retired:
                self._retire(leaving)
            self._again(leaving, self._pacing.grace)
            return
        generation, left = leaving.generation, self._retire(leaving)
        part = generation.find(leaving.part)
        # Where another hosted module uses the part it does not leave memory: its turn comes.
        if part is not None and part.module is not None and leaving.part in left:
            what = f"{leaving.module} g{generation.number}"
            leaving.disposal = dispose(part.module, generation.run, what, lambda: self._inbox.put(None))
        if leaving.disposal is not None:
            self._again(leaving, self._pacing.deadline)

    def _again(self, leaving: Leaving, seconds: float) -> None:
        leaving.until = self._now() + seconds
        self._leaving.append(leaving)

    def _retire(self, leaving: Leaving) -> frozenset[str]:
        line = self._lines.get(leaving.module)
        if line is None or line.loader is not leaving.loader:
            # The module went and came back: what is left of its earlier life is no news any more.
            line = self._lines[leaving.module] = _Line(leaving.loader)
        line.since.setdefault(leaving.generation.number, self._now())
        self._pause = self._pacing.again
        return leaving.loader.retire(leaving.generation)

    def _end(self, leaving: Leaving, disposal: Disposal) -> None:
        module, number = leaving.module, leaving.generation.number
        failure = disposal.failure()
        if failure is not None:
            self._sink(HookFailed(module, number, HOT_DISPOSE, failure))
        self._lines[module].since[number] = self._now()

    # --- what is left ----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Collect if there is a reason to, then tell what is left of every module that has news."""
        self._looked, self._asked = self._now(), False
        lines = {name: line for name, line in self._lines.items() if line.since}
        if any(line.loader.leaks(collect=False) for line in lines.values()):
            self.collector.collect()
            if self.collector.began < self._looked:
                return  # Somebody else's collection came between: what is left may be garbage. Ours is due again soon.
        self._pause = min(self._pause * 2, self._pacing.longest)
        for name, line in lines.items():
            self._tell(name, line, line.loader.leaks(collect=False))

    def _tell(self, name: str, line: _Line, leaks: tuple[Leak, ...]) -> None:
        held = {one.generation.number for one in self._leaving if one.module == name and one.disposal is not None}
        found = {leak.generation: leak for leak in leaks if leak.generation not in held}
        line.since = {number: line.since.get(number, self._looked) for number in found}
        old = self._looked - self._pacing.grace
        told = tuple(LeakedCode(n, found[n].parts) for n, since in line.since.items() if since <= old)
        if told != line.told:
            line.told, self._pause = told, self._pacing.again
            self._sink(Leaks(name, told))

    def _now(self) -> float:
        return self._clock.now().mono
