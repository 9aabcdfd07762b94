"""What instances printed, kept by the line for ``hotctl logs``: bounded, numbered, read by cursor."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

StreamName = Literal["stdout", "stderr"]

_OVERHEAD = 250
"""Bytes a kept line costs beside its text; a million empty lines are not free."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of one instance. ``seq`` counts the lines of its module, from 1, without a gap."""

    seq: int
    at: float
    """Wall clock, Unix seconds."""
    module: str
    instance: str
    generation: int
    stream: StreamName
    text: str
    """Without its line end."""


@dataclass(slots=True, eq=False)
class _Shelf:
    """The lines of one module: ``lines[start:]`` are kept, and ``lines[start].seq == first``."""

    changed: threading.Condition
    lines: list[LogLine] = field(default_factory=list)
    start: int = 0
    first: int = 1
    size: int = 0
    waiting: int = 0

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - self.start - 1

    def put(self, line: LogLine, keep: int) -> None:
        self.size += _cost(line)
        self.lines.append(line)
        # The newest line stays, however long: a tail is never empty after something was said.
        while self.size > keep and self.start < len(self.lines) - 1:
            self.size -= _cost(self.lines[self.start])
            self.start += 1
            self.first += 1
        # What is dropped from a list moves the rest, so it is dropped by the half: constant cost for each line.
        if self.start * 2 > len(self.lines):
            del self.lines[: self.start]
            self.start = 0

    def behind(self, seq: int) -> tuple[list[LogLine], int]:
        """The kept lines behind the cursor, and how many behind it are kept no more."""
        lines = self.lines[self.start + max(0, seq + 1 - self.first) :]
        return lines, max(0, (lines[0].seq if lines else self.first) - seq - 1)


class LogBook:
    """The lines of all modules, at most ``keep_bytes`` of memory for each. Any thread may write, any may read.

    A reader holds nothing but a number, so a stalled one costs nothing: it loses lines, and is told how many.
    """

    def __init__(self, keep_bytes: int) -> None:
        self._keep = keep_bytes
        self._lock = threading.RLock()
        self._shelves: dict[str, _Shelf] = {}
        self._arrived: deque[tuple[float, str, str, int, StreamName, str]] = deque()
        self._placing = False
        self._closed = False

    def keep(self, keep_bytes: int) -> None:
        """From now on at most so many bytes for each module; what is beyond goes with the next line of it."""
        with self._lock:
            self._keep = keep_bytes

    def record(self, at: float, module: str, instance: str, generation: int, stream: StreamName, text: str) -> None:
        """Keep one line. ``at`` is wall-clock seconds."""
        # Collecting garbage may run a user's __del__ at any of our statements, and that may print: the same thread is
        # back in here and the lock lets it. It leaves its line and goes; the outer call, half-way through numbering
        # its own, takes it next. Without that two lines could get one number.
        self._arrived.append((at, module, instance, generation, stream, text))
        while self._arrived:
            with self._lock:
                if self._placing:
                    return
                self._placing = True
                try:
                    while self._arrived:
                        self._place(*self._arrived.popleft())
                finally:
                    self._placing = False

    def read(
        self, module: str, after: int, limit: int, instance: str | None = None, max_wait: float = 0.0
    ) -> tuple[list[LogLine], int, int]:
        """Up to ``limit`` lines behind the cursor, the cursor to ask with next, and how many were lost on the way.

        Parks at most ``max_wait`` seconds while there is none. A cursor from beyond the end is one of an earlier life
        of the daemon: it reads from the start. With ``instance`` only its lines are given; ``lost`` counts the
        module's, since nobody knows any more whose they were.
        """
        deadline, lost = time.monotonic() + max_wait, 0
        with self._lock:
            shelf = self._shelf(module)
            after = 0 if after > shelf.last else max(after, 0)
            while True:
                behind, gone = shelf.behind(after)
                lost += gone
                wanted = (line for line in behind if instance is None or line.instance == instance)
                lines = list(islice(wanted, max(limit, 1)))
                # Short of the limit everything was looked at, and the lines of others need not be looked at again.
                after = lines[-1].seq if len(lines) == max(limit, 1) else behind[-1].seq if behind else after + gone
                left = deadline - time.monotonic()
                if lines or left <= 0 or self._closed or self._shelves.get(module) is not shelf:
                    self._tidy(module, shelf)
                    return lines, after, lost
                shelf.waiting += 1
                try:
                    shelf.changed.wait(left)
                finally:
                    shelf.waiting -= 1

    def tail(self, module: str, count: int, instance: str | None = None) -> list[LogLine]:
        """The newest ``count`` lines, oldest first."""
        with self._lock:
            shelf = self._shelves.get(module)
            kept = [] if shelf is None else shelf.behind(0)[0]
        newest = (line for line in reversed(kept) if instance is None or line.instance == instance)
        return list(islice(newest, max(count, 0)))[::-1]

    def last(self, module: str) -> int:
        """The seq of the module's newest line; 0 before the first."""
        with self._lock:
            shelf = self._shelves.get(module)
            return 0 if shelf is None else shelf.last

    def at(self, module: str, seq: int) -> float | None:
        """When the line was printed; None where there is none of that number, or it is kept no more."""
        with self._lock:
            shelf = self._shelves.get(module)
            if shelf is None or not shelf.first <= seq <= shelf.last:
                return None
            return shelf.lines[shelf.start + seq - shelf.first].at

    @property
    def closed(self) -> bool:
        return self._closed

    def forget(self, module: str) -> None:
        """Drop all lines of a module that is hosted no more, and send its readers home."""
        with self._lock:
            shelf = self._shelves.pop(module, None)
            if shelf is not None:
                shelf.changed.notify_all()

    def close(self) -> None:
        """Wake every parked reader; nobody parks from now on. What was kept can still be read."""
        with self._lock:
            self._closed = True
            for shelf in self._shelves.values():
                shelf.changed.notify_all()

    def _place(self, at: float, module: str, instance: str, generation: int, stream: StreamName, text: str) -> None:
        shelf = self._shelf(module)
        shelf.put(LogLine(shelf.last + 1, at, module, instance, generation, stream, text), self._keep)
        if shelf.waiting:
            shelf.changed.notify_all()

    def _shelf(self, module: str) -> _Shelf:
        shelf = self._shelves.get(module)
        if shelf is None:
            shelf = self._shelves[module] = _Shelf(threading.Condition(self._lock))
        return shelf

    def _tidy(self, module: str, shelf: _Shelf) -> None:
        """Asking for a module that never said anything leaves nothing behind."""
        if not shelf.last and not shelf.waiting and self._shelves.get(module) is shelf:
            del self._shelves[module]


def _cost(line: LogLine) -> int:
    return sys.getsizeof(line.text) + _OVERHEAD
