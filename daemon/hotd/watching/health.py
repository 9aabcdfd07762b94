"""What keeps changes from being seen: each trouble by itself, told whenever there is another set of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from hotd.ports import Clock, WatchTrouble

log = logging.getLogger("hotd.watching")

LINGER = 10.0
"""Seconds for which something is shown that healed by itself: in a blink nobody would learn of it."""


class Health:
    """The troubles of one watcher. From any thread."""

    def __init__(self, tell: Callable[[tuple[WatchTrouble, ...]], None], clock: Clock) -> None:
        """``tell`` is given all that there are; what it raises is logged."""
        self._tell = tell
        self._clock = clock
        self._lock = threading.RLock()
        """Held while they are told, so that an older set never comes after a newer one."""
        self._troubles: dict[tuple[str, str], tuple[WatchTrouble, float]] = {}
        """With the moment, in monotonic seconds, at which it is over by itself."""

    def holds(self, trouble: WatchTrouble) -> None:
        """From now on, until it is said to be over; what has healed already, for ``LINGER`` seconds."""
        until = self._clock.now().mono + LINGER if trouble.healed else float("inf")
        with self._lock:
            key = trouble.reason, trouble.subject
            before = self._troubles.get(key)
            self._troubles[key] = trouble, until
            if before is None or before[0] != trouble:
                self._say()

    def over(self, reason: str, subject: str = "") -> None:
        """It is no more. Nothing happens where it was not."""
        with self._lock:
            if self._troubles.pop((reason, subject), None) is not None:
                self._say()

    def only(self, reason: str, troubles: Iterable[WatchTrouble]) -> None:
        """Of this reason there are these, and no others."""
        now = {trouble.subject: trouble for trouble in troubles}
        with self._lock:
            for known, subject in list(self._troubles):
                if known == reason and subject not in now:
                    self.over(reason, subject)
            for trouble in now.values():
                self.holds(trouble)

    def healed(self, trouble: WatchTrouble) -> None:
        """It was, and is not any more: shown for a while."""
        self.holds(replace(trouble, healed=True))

    def look(self) -> None:
        """Forget what was shown for long enough."""
        now = self._clock.now().mono
        with self._lock:
            for reason, subject in [key for key, (_, until) in self._troubles.items() if until <= now]:
                self.over(reason, subject)

    def _say(self) -> None:
        try:
            self._tell(tuple(trouble for trouble, _ in self._troubles.values()))
        except Exception:
            log.exception("nobody could be told what keeps changes from being seen", extra={"event": "watch.degraded"})
