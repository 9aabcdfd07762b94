"""The event stream: a bounded ring with a cursor. A stalled reader costs the daemon nothing, loss is told."""

from __future__ import annotations

import logging
import threading
from collections import deque

from hotd.contract.events import EventName
from hotd.contract.views import Event, Events
from hotd.core.effects import Emit
from hotd.core.times import rfc3339
from hotd.core.values import Instant

log = logging.getLogger("hotd.engine")

_LEVELS = {
    EventName.RELOAD_REJECTED: logging.ERROR,
    EventName.INSTANCE_FAILED: logging.ERROR,
    EventName.GENERATION_STALLED: logging.WARNING,
    EventName.GENERATION_LEAKED: logging.WARNING,
    EventName.HOOK_FAILED: logging.ERROR,
    EventName.INSTANCE_ABANDONED: logging.WARNING,
    EventName.WATCH_DEGRADED: logging.WARNING,
    EventName.MODULE_TAINTED: logging.WARNING,
    EventName.RELOAD_STARTED: logging.DEBUG,
    EventName.RELOAD_UNCHANGED: logging.DEBUG,
    EventName.WATCH_CHANGED: logging.DEBUG,
    EventName.INSTANCE_STARTED: logging.DEBUG,
    EventName.INSTANCE_STOPPING: logging.DEBUG,
    EventName.INSTANCE_ENDED: logging.DEBUG,
}


class EventRing:
    """The newest ``most`` events. One writer, any number of readers, each with a cursor of its own."""

    def __init__(self, most: int = 10_000) -> None:
        self._events: deque[Event] = deque(maxlen=most)
        self._seq = 0
        self._grown = threading.Condition()
        self._closed = False

    @property
    def seq(self) -> int:
        """Of the newest event; 0 before the first."""
        return self._seq

    def append(self, emit: Emit, now: Instant) -> None:
        """Give the event its seq, wake whoever waits for it, write its line into the daemon's log."""
        with self._grown:
            self._seq += 1
            self._events.append(
                Event(
                    self._seq,
                    rfc3339(now),
                    emit.event.value,
                    emit.module,
                    emit.generation,
                    emit.instance,
                    emit.actor,
                    emit.cause,
                    emit.message,
                    dict(emit.fields),
                )
            )
            self._grown.notify_all()
        fields = {"event": emit.event.value, "generation": emit.generation, "instance": emit.instance}
        log.log(_LEVELS.get(emit.event, logging.INFO), "%s", emit.message, extra={**fields, "hosted": emit.module})

    def read(self, after: int | None, limit: int, max_wait: float, module: str | None = None) -> Events:
        """A page. Parks at most ``max_wait`` seconds until there is something after the cursor."""
        limit = max(1, limit)
        with self._grown:
            if after is None:
                newest = [event for event in self._events if _concerns(event, module)][-limit:]
                return Events(tuple(newest), self._seq, 0)
            # A cursor of an earlier daemon lies in the future: begin with what this one has.
            after = after if after <= self._seq else 0
            self._grown.wait_for(lambda: self._closed or self._seq > after, max_wait)
            first = self._seq - len(self._events) + 1
            lost = max(0, first - after - 1)
            start = max(0, after + 1 - first)
            page: list[Event] = []
            reached = after + lost
            for index in range(start, len(self._events)):
                event = self._events[index]
                reached = event.seq
                if _concerns(event, module):
                    page.append(event)
                    if len(page) == limit:
                        break
            return Events(tuple(page), reached, lost)

    def close(self) -> None:
        """Let every parked reader go."""
        with self._grown:
            self._closed = True
            self._grown.notify_all()


def _concerns(event: Event, module: str | None) -> bool:
    return module is None or event.module == module or module in event.fields.get("modules", ())
