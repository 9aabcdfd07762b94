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
        self._changed = threading.Condition()
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
            with self._changed:
                self._book = seen.book
                self._changed.notify_all()
            self._events.show(seen.events)
            for reply in seen.replies:
                reply.done.set()

    def wait_for(self, look: Callable[[Book], T | None], seconds: float) -> T | None:
        """What ``look`` finds in the book as soon as it finds something; None after ``seconds``, or at the end."""
        deadline = self._clock.now().mono + seconds
        with self._changed:
            while (found := look(self._book)) is None and not self._closed:
                left = deadline - self._clock.now().mono
                if left <= 0:
                    return None
                self._changed.wait(left)
            return found

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
