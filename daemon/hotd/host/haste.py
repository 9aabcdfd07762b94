"""Haste: while somebody waits for the control threads, the interpreter lock changes hands more often.

Beside busy threads every wake-up of ours waits for its turn, and a reload is some thirty of them: at the usual switch
interval that is 75 ms, at the hasty one 50 (four busy instances). To keep the shorter one for ever would cost those
instances a tenth of what they do; for the moment of a reload or a call it costs nothing that can be measured.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from hotd.host.forks import forget_in_child

LASTS = 0.1
"""Seconds that haste lasts after the last time somebody asked for it: the wake-ups of a reload come closer together,
and an import that takes a minute is not hurried."""


class Haste:
    """Shortens the switch interval when asked to, and puts it back by itself. Of another one than ``usual``, which
    somebody has set since, nothing is known: it is left as it is.

    Nothing is done, and no thread wakes up, while nobody asks.
    """

    def __init__(self, usual: float, hasty: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Seconds both."""
        self._usual = usual
        self._hasty = hasty
        self._clock = clock
        self._until = 0.0
        self._hurries = False
        self._changed = threading.Condition()
        """Guards the interval and the two below."""
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hotd-haste", daemon=True)

    def start(self) -> None:
        """The usual interval from now on, and haste when it is asked for."""
        sys.setswitchinterval(self._usual)
        self._thread.start()
        forget_in_child(self)

    def close(self) -> None:
        """Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def hurry(self) -> None:
        """Somebody waits. From any thread; costs nothing while there is haste already."""
        self._until = self._clock() + LASTS
        if not self._hurries and not self._closed:
            with self._changed:
                self._begin()

    def forget(self) -> None:
        """In a forked child nobody would put it back, nor let go of the lock, if it was taken in that moment."""
        self._closed = True
        self._end()

    def _begin(self) -> None:
        if not self._closed and _is(self._usual):
            sys.setswitchinterval(self._hasty)
            self._hurries = True
            self._changed.notify_all()

    def _end(self) -> None:
        hurried, self._hurries = self._hurries, False
        if hurried and _is(self._hasty):
            sys.setswitchinterval(self._usual)

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                left = self._until - self._clock()
                if self._hurries and left <= 0:
                    self._end()
                    if (left := self._until - self._clock()) > 0:  # somebody asked in just this moment
                        self._begin()
                self._changed.wait(left if self._hurries else None)
            self._end()


def _is(interval: float) -> bool:
    """To the microsecond, in which CPython keeps it."""
    return abs(sys.getswitchinterval() - interval) < 1e-6
