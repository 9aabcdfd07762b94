"""What anybody may see: nothing that the daemon's death could undo. And who waits to see it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from hotd.contract.errors import HotdError
from hotd.contract.views import Change, Event
from hotd.core.book import Book
from hotd.core.storing import Storing
from hotd.engine.events import EventRing
from hotd.ports import Clock

T = TypeVar("T")
Glance = Callable[[Book], object]
"""None: not worth a look."""


@dataclass(slots=True)
class Reply:
    """What somebody waits for who asked for a decision."""

    done: threading.Event = field(default_factory=threading.Event)
    answer: Change | int | None = None
    error: HotdError | None = None

    def refuse(self, error: HotdError) -> None:
        self.error = error
        self.done.set()


@dataclass(slots=True)
class News:
    """A book that may not be seen yet, because not all of it is durable; and what goes with it."""

    book: Book
    events: list[Event] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)


class Front:
    """Shows one book after the other. The engine's thread puts them in, any thread looks."""

    def __init__(self, book: Book, clock: Clock, events: EventRing) -> None:
        self._book = book
        self._clock = clock
        self._events = events
        self._unseen: deque[News] = deque()
        self._lock = threading.Lock()
        self._waiters: dict[threading.Condition, Glance | None] = {}
        self._closed = False

    @property
    def book(self) -> Book:
        """The newest that is durable as a whole."""
        return self._book

    @property
    def waits(self) -> bool:
        """Whether there is one that is not."""
        return bool(self._unseen)

    def put(self, news: News, store: Storing) -> None:
        """Show it, and answer who waits for it, once the store covers it."""
        self._unseen.append(news)
        while self._unseen and store.covers(self._unseen[0].book.store.issued):
            seen = self._unseen.popleft()
            with self._lock:
                self._book = seen.book
                for waiter, glance in self._waiters.items():
                    if _is_worth_a_look(glance, seen.book):
                        waiter.notify()
            self._events.show(seen.events)
            for reply in seen.replies:
                reply.done.set()

    def wait_for(self, look: Callable[[Book], T | None], seconds: float, glance: Glance | None = None) -> T | None:
        """What ``look`` finds in the book as soon as it finds something; None after ``seconds``, or at the end.

        With ``glance`` only books of which that gives something are looked at. It is asked by the engine's thread, so
        it must be quick, and a function of the book alone: beside busy threads it still costs less than to wake
        somebody for nothing, who would have the interpreter next.
        """
        deadline = self._clock.now().mono + seconds
        waiter = threading.Condition(self._lock)
        while True:
            # Without the lock: the engine does not wait for whoever looks.
            book = self._book
            if (found := look(book)) is not None:
                return found
            with self._lock:
                if self._book is not book:
                    continue
                left = deadline - self._clock.now().mono
                if self._closed or left <= 0:
                    return None
                self._waiters[waiter] = glance
                try:
                    waiter.wait(left)
                finally:
                    del self._waiters[waiter]

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._lock:
            self._closed = True
            for waiter in self._waiters:
                waiter.notify()


def _is_worth_a_look(glance: Glance | None, book: Book) -> bool:
    try:
        return glance is None or glance(book) is not None
    except Exception:  # noqa: BLE001 - the engine goes on; whoever waits looks, and has it on his own thread
        return True
