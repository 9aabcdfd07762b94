"""Whose request is answered now: the decisions of ``core.fairness``, and the threads that wait for them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from hotd.contract.errors import TooManyCalls
from hotd.control.callers import Caller
from hotd.control.limits import Limits
from hotd.core.fairness import Line, Paces, Waiting


class Turns:
    """Used from every thread that serves a caller."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._paces = Paces()
        self._line = Line(limits.answered, kept=limits.answered_for_admins)
        self._waiting = Waiting(limits.waiting, kept=limits.waiting_for_admins, each=limits.waiting_each)
        self._standing: dict[int, Caller] = {}

    @contextlib.contextmanager
    def place(self, caller: Caller) -> Iterator[None]:
        """While a request is answered. Waits for its turn; returns at once where the caller has to go."""
        pace = self._limits.admins if caller.first else self._limits.others
        with self._lock:
            now = self._clock()
            early = self._paces.wait(caller.owner, pace, now)
            at_once = early <= 0 and self._come(caller, now)
        try:
            if not at_once:
                self._stand(caller, early)
            yield
        finally:
            caller.writing = self._clock()
            self.give_back(caller)

    def give_back(self, caller: Caller) -> None:
        """Its place is the next one's. Twice is fine."""
        with self._lock:
            self._line.go(caller.number)
            self._standing.pop(caller.number, None)
            self._call(self._clock())

    @contextlib.contextmanager
    def waits(self, caller: Caller) -> Iterator[None]:
        """While a call waits for something to happen, others are answered. Raises TooManyCalls."""
        with self._lock:
            refusal = self._waiting.come(caller.owner, caller.first)
        if refusal is not None:
            raise TooManyCalls(refusal, hint="end some of who follows events or logs, or waits; or ask again later")
        try:
            self.give_back(caller)
            yield
        finally:
            with self._lock:
                self._waiting.go(caller.owner)

    def _come(self, caller: Caller, now: float) -> bool:
        at_once = self._line.come(caller.number, (caller.owner, caller.served), caller.first, now)
        if not at_once:
            self._standing[caller.number] = caller
        return at_once

    def _call(self, now: float) -> None:
        for number in self._line.called(now):
            self._standing.pop(number).called.set()

    def _stand(self, caller: Caller, early: float) -> None:
        """Until it is called. On its own event, not on one for all: waking everybody for one place would cost the most
        exactly when there is the least to spare."""
        if early > 0:
            caller.called.wait(early)
            with self._lock:
                if caller.gone or self._come(caller, self._clock()):
                    return
        while not caller.called.is_set():
            with self._lock:
                now = self._clock()
                self._call(now)
                again = self._line.again
            if not caller.called.is_set() and again is not None:
                caller.called.wait(max(0.0, again - now))
        caller.called.clear()
