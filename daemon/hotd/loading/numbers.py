"""The numbers of one line of generations: they only grow, and a load that came to nothing leaves no gap."""

from __future__ import annotations

import threading
import weakref

from hotd.loading import forks
from hotd.loading.generation import Generation


class Numbers:
    """Gives generations their numbers. Thread-safe."""

    def __init__(self, newest: tuple[int, str] | None = None) -> None:
        self._newest = newest
        """Number and digest of the newest numbered generation."""
        self._next = newest[0] + 1 if newest is not None else 1
        self._first: weakref.WeakKeyDictionary[Generation, tuple[int, str] | None] = weakref.WeakKeyDictionary()
        """Who was the first to get its number -> what was newest before it."""
        self._lock = threading.RLock()
        """Re-entrant: a user's ``__del__``, which the garbage collector may run anywhere, may promote."""
        forks.renew(self, "_lock", threading.RLock)

    def give(self, generation: Generation) -> None:
        """That of the newest numbered generation if it has the same digest, else the next. A number once had stays."""
        with self._lock:
            if generation.number:
                return
            if self._newest is None or self._newest[1] != generation.digest:
                self._first[generation] = self._newest
                self._newest = self._next, generation.digest
                self._next += 1
            generation.number = self._newest[0]

    def had(self, number: int, digest: str) -> None:
        """A generation of an earlier life had this number: later ones are higher."""
        with self._lock:
            if number >= self._next - 1:
                self._next, self._newest = number + 1, (number, digest)

    def take_back(self, generation: Generation) -> None:
        """The next one may have the number of a candidate that is thrown away, unless a later one was given since."""
        with self._lock:
            if self._newest is not None and self._newest[0] == generation.number and generation in self._first:
                self._next, self._newest = generation.number, self._first[generation]
