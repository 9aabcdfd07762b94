"""The event stream: a bounded ring with a cursor. A stalled reader costs the daemon nothing, loss is told."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

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
    EventName.MODULE_MOVED: logging.WARNING,
    EventName.STORE_DEGRADED: logging.ERROR,
    EventName.STORE_ASIDE: logging.ERROR,
    EventName.RESTART_REQUIRED: logging.WARNING,
    EventName.RELOAD_STARTED: logging.DEBUG,
    EventName.RELOAD_UNCHANGED: logging.DEBUG,
    EventName.WATCH_CHANGED: logging.DEBUG,
    EventName.INSTANCE_STARTED: logging.DEBUG,
    EventName.INSTANCE_STOPPING: logging.DEBUG,
    EventName.INSTANCE_ENDED: logging.DEBUG,
}


Older = Callable[[int, int, int], Sequence[Event]]
"""After, before, limit: events that lie behind the ring, oldest first."""


class EventRing:
    """The newest ``most`` events. One writer, any number of readers, each with a cursor of its own.

    ``last`` is the seq of the newest event of the daemon before this one, ``older`` reads on behind the ring.
    """

    def __init__(self, most: int = 10_000, *, last: int = 0, older: Older | None = None) -> None:
        self._events: deque[Event] = deque(maxlen=most)
        self._made = last
        self._seq = last
        self._began = last
        self._older = older
        self._grown = threading.Condition()
        self._closed = False

    @property
    def seq(self) -> int:
        """Of the newest event; 0 before the first."""
        return self._seq

    def made(self, emit: Emit, now: Instant) -> Event:
        """Give the event its seq. Nobody reads it before it is shown."""
        self._made += 1
        return Event(
            self._made,
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

    def show(self, events: Sequence[Event]) -> None:
        """Let them be read, in the order they were made, and wake whoever waits for them."""
        if not events:
            return
        with self._grown:
            self._events.extend(events)
            self._seq = events[-1].seq
            self._grown.notify_all()

    def read(self, after: int | None, limit: int, max_wait: float, module: str | None = None, mark: str = "") -> Events:
        """A page. Parks at most ``max_wait`` seconds until there is something after the cursor.

        ``mark`` is that of the page whose ``next`` is asked after.
        """
        limit = max(1, limit)
        if after is None:
            return self._newest(limit, module)
        anew = not self._is_ours(after, mark)
        # Of a daemon whose events were not kept: begin with what this one has.
        after, mark = (self._began, "") if anew else (after, mark)
        with self._grown:
            self._grown.wait_for(lambda: self._closed or self._seq > after, max_wait)
            closing = self._closed
        page = self._behind(after, limit, module) or self._page(after, limit, module, mark)
        return replace(page, anew=anew, closing=closing)

    def _is_ours(self, after: int, mark: str) -> bool:
        """Whether the event of that number is the one that was read: not one of a daemon that counts anew."""
        if after > self._seq:
            return False
        if not mark or after <= 0:
            return True
        with self._grown:
            place = after - self._first
            known: Sequence[Event] = [self._events[place]] if 0 <= place < len(self._events) else ()
        if not known and self._older is not None:
            known = self._older(after - 1, after + 1, 1)
        return not known or known[0].at == mark  # one that is kept no more is counted among what was lost

    def _newest(self, limit: int, module: str | None) -> Events:
        with self._grown:
            newest = [event for event in self._events if _concerns(event, module)][-limit:]
            first, seq = self._first, self._seq
            last = self._events[-1].at if self._events else ""
        if self._older is not None and (missing := limit - len(newest)):
            older = self._older(max(0, first - 1 - missing), first, missing)
            newest = [*(event for event in older if _concerns(event, module)), *newest]
        return Events(tuple(newest), seq, 0, last)

    def _behind(self, after: int, limit: int, module: str | None) -> Events | None:
        """A page of what lies behind the ring; None where nothing does, or nothing that concerns the module."""
        with self._grown:
            first = self._first
        lost = 0
        while self._older is not None and after < first - 1:
            found = self._older(after, first, limit)
            if not found:
                return None
            lost += found[0].seq - after - 1
            after = found[-1].seq
            if page := tuple(event for event in found if _concerns(event, module)):
                return Events(page, after, lost, found[-1].at)
        return None

    def _page(self, after: int, limit: int, module: str | None, mark: str) -> Events:
        with self._grown:
            first = self._first
            lost = max(0, first - after - 1)
            start = max(0, after + 1 - first)
            page: list[Event] = []
            reached, mark = after + lost, "" if lost else mark
            for index in range(start, len(self._events)):
                event = self._events[index]
                reached, mark = event.seq, event.at
                if _concerns(event, module):
                    page.append(event)
                    if len(page) == limit:
                        break
            return Events(tuple(page), reached, lost, mark)

    @property
    def _first(self) -> int:
        """The seq of the oldest event in the ring, or of the next one."""
        return self._seq - len(self._events) + 1

    def close(self) -> None:
        """Let every parked reader go."""
        with self._grown:
            self._closed = True
            self._grown.notify_all()


def write_line(emit: Emit) -> None:
    """Into the daemon's log."""
    fields = {"event": emit.event.value, "generation": emit.generation, "instance": emit.instance}
    log.log(_LEVELS.get(emit.event, logging.INFO), "%s", emit.message, extra={**fields, "hosted": emit.module})


def _concerns(event: Event, module: str | None) -> bool:
    return module is None or event.module == module or module in event.fields.get("modules", ())
