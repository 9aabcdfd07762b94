"""Threads that stop at named points, and go on when the test says so: every interleaving that matters, one by one.

Code under test passes points: user code through a module ``points`` that a fixture puts into ``sys.modules``, the
loader through the files it reads. Only the threads of a stepper stop there, each at the points that it was given.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

PATIENCE = 20.0
"""Seconds in which everything must have ended: what takes longer hangs."""
_PAUSE, _LOOKS = 0.004, 4
"""A thread sleeps when it did nothing at all for so many pauses: twice as long as one waits for the GIL in one go."""


class Actor:
    """One thread, and what became of it."""

    def __init__(self, name: str, act: Callable[..., Any], *args: Any, stops: Sequence[str] = ()) -> None:
        """It will call ``act(*args)``, and stand still when it comes for the first time to one of its ``stops``."""
        self.name = name
        self.at: str | None = None
        """The point at which it stands; None while it runs, or waits for somebody else."""
        self.over = False
        self.stuck = False
        """Whether it stood still the last time, though at no point: somebody holds it up."""
        self.waited_for: set[str] = set()
        """Where the others stood when that was so."""
        self.result: Any = None
        self.error: BaseException | None = None
        self._act = partial(act, *args)
        self._stops = set(stops)
        self._changed = threading.Condition()
        self._may_go = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        _actors[name] = self

    def _run(self) -> None:
        try:
            self.result = self._act()
        except BaseException as error:  # noqa: BLE001 - told to the test, on its own thread
            self.error = error.with_traceback(None)
        finally:
            with self._changed:
                self.over, self.at = True, None
                self._changed.notify_all()

    def pass_by(self, point: str) -> None:
        """Called on the thread itself: stop here, if it is one of its points."""
        if point not in self._stops:
            return
        self._stops.remove(point)
        with self._changed:
            self.at, self._may_go = point, False
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._may_go, PATIENCE):
                raise TimeoutError(f"{self.name} was left standing at {point}")

    def advance(self) -> None:
        """Let it go on to its next point, to its end, or to where somebody else holds it up."""
        with self._changed:
            if self.over:
                return
            if not self._thread.is_alive():
                self._thread.start()
            elif self.at is not None:
                self.at, self._may_go = None, True
                self._changed.notify_all()
            self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + PATIENCE
        before, asleep = self._life(), 0
        self.stuck = False
        while not self._changed.wait_for(lambda: self.over or self.at is not None, _PAUSE):
            life = self._life()
            asleep = asleep + 1 if life == before and life.startswith("S") else 0
            before = life
            if asleep >= _LOOKS:
                self.stuck = True
                return
            assert time.monotonic() < deadline, f"{self.name} runs in circles"

    def _life(self) -> str:
        """What the kernel says: asleep or not, and how often it was given the processor, or gave it away.

        Who waits for a lock sleeps and is given nothing. A machine that is busy elsewhere does not look like that.
        """
        try:
            status = Path(f"/proc/self/task/{self._thread.native_id}/status").read_text()
        except OSError:  # it is over, or not born yet
            return ""
        lines = dict(line.partition(":")[::2] for line in status.splitlines())
        return " ".join(
            lines[key].strip() for key in ("State", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
        )

    def stack(self) -> str:
        """Where it is, for who reads why a test failed."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        return f"{self.name}: " + ("over" if frame is None else "".join(traceback.format_stack(frame)[-6:]))

    def join(self) -> None:
        self._thread.join(PATIENCE)

    def value(self) -> Any:
        """What it returned; raised is what it raised."""
        assert self.over
        if self.error is not None:
            raise self.error
        return self.result


_actors: dict[str, Actor] = {}


def pass_by(point: str) -> None:
    """A point of this name: threads that have it stop there."""
    actor = _actors.get(threading.current_thread().name)
    if actor is not None:
        actor.pass_by(point)


def interleavings(*counts: int) -> Iterator[tuple[int, ...]]:
    """All orders in which actors can take so many steps each: (0, 1, 0), (0, 0, 1), …"""
    if not counts:
        yield ()
        return
    *before, last = counts
    total = sum(counts)
    for others in interleavings(*before):
        for places in combinations(range(total), last):
            order = [len(before)] * total
            rest = iter(others)
            for at in range(total):
                if at not in places:
                    order[at] = next(rest)
            yield tuple(order)


def play(order: Sequence[int], actors: Sequence[Actor], look: Callable[[], None] = lambda: None) -> None:
    """Let the actors take their steps in this order, then to their ends, and ``look`` after each step.

    AssertionError when they do not come to an end.
    """

    def advance(actor: Actor) -> None:
        actor.advance()
        if actor.stuck:
            actor.waited_for |= {other.at or "nowhere" for other in actors if other is not actor and not other.over}
        look()

    for number in order:
        advance(actors[number])
    deadline = time.monotonic() + PATIENCE
    while not all(actor.over for actor in actors):
        for actor in actors:
            advance(actor)
        assert time.monotonic() < deadline, "\n".join(actor.stack() for actor in actors)
    for actor in actors:
        actor.join()
        del _actors[actor.name]
