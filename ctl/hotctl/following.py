"""What is asked again and again, and goes on with the next daemon where this one ends: a stream's pages, a wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from math import inf
from typing import Generic, TypeVar

from hotd.contract import views
from hotd.contract.errors import Unreachable
from hotd.contract.requests import LONGEST_WAIT
from hotd.contract.units import format_duration

T = TypeVar("T")
P = TypeVar("P", bound=views.Events | views.Logs)

PATIENCE = 60.0
"""Seconds for a daemon that went to come back: a restart, with all that its instances take to end, is over by then."""
PAUSE = 0.2
"""Seconds between two tries to reach it."""


class Absence:
    """Of a daemon that has answered before and does not any more: how long the next one is waited for."""

    def __init__(
        self,
        patience: float = PATIENCE,
        pause: float = PAUSE,
        news: Callable[[str], None] = lambda _: None,
        left: Callable[[], float] = lambda: inf,
    ) -> None:
        """``news`` is told of a daemon that goes, and of one that comes. ``left``: seconds that there are at most."""
        self._patience = patience
        self._pause = pause
        self._news = news
        self._left = left
        self._since: float | None = None

    def gone(self, error: Unreachable | None) -> None:
        """There is none, or one that says it ends (None). Pauses before the next try; raises Unreachable when none has
        come back for ``patience`` seconds."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._news(f"the daemon {'is gone' if error else 'ends'}; waiting for the next one")
        waited = now - self._since
        if error is not None and (waited >= self._patience or self._left() <= 0):
            long = format_duration(round(waited, 1))
            raise Unreachable(f"no daemon has come back for {long}: {error.message}", hint=error.hint) from error
        threading.Event().wait(max(0.0, min(self._pause, self._left())))

    def over(self) -> None:
        """One has answered."""
        if self._since is not None:
            self._since = None
            self._news("the daemon is back")


def outliving(ask: Callable[[], T], absence: Absence) -> T:
    """The answer to what may be asked twice: of the next daemon, where this one goes. Raises as `Absence.gone`.

    ``ask`` asks for no longer than there is time left then.
    """
    while True:
        try:
            answer = ask()
        except Unreachable as error:
            absence.gone(error)
        else:
            absence.over()
            return answer


class Pages(Generic[P]):
    """``ask(cursor, mark, max_wait)`` reads a page. ``news`` is told of a daemon that goes, and of one that comes."""

    def __init__(
        self,
        ask: Callable[[int | None, str, float], P],
        after: int | None = None,
        mark: str = "",
        *,
        follow: bool = False,
        patience: float = PATIENCE,
        pause: float = PAUSE,
        news: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ask = ask
        self._follow = follow
        self._absence = Absence(patience, pause, news)
        self._mark = mark
        self._begun = False
        self.cursor = after
        """What the next page begins after; None where the newest are asked for."""

    def next(self) -> P:
        """The next page; empty where nothing came in time. Followed, it outlives a daemon: nothing comes twice, and
        what is missing is told (``lost``, ``anew``).

        Raises Unreachable where there is no daemon to begin with, or none has come back for ``patience`` seconds.
        """
        wait = LONGEST_WAIT if self._follow and self.cursor is not None else 0.0
        while True:
            try:
                page = self._ask(self.cursor, self._mark, wait)
            except Unreachable as error:
                if not (self._follow and self._begun):
                    raise
                self._absence.gone(error)
                continue
            break
        if not page.closing:
            self._absence.over()
        self.cursor, self._mark, self._begun = page.next, page.mark, True
        if page.closing and self._follow:
            self._absence.gone(None)
        return page


class Stream(Generic[T]):
    """An iterator over a stream that is read page by page. Its reader may stop and go on at any time."""

    def __init__(self, pages: Pages[P], of: Callable[[P], tuple[T, ...]], follow: bool) -> None:
        def turned() -> tuple[tuple[T, ...], P]:
            page = pages.next()
            return of(page), page

        self._turned = turned
        self._follow = follow
        self._ready: deque[T] = deque()
        self._ended = False
        self.cursor = pages.cursor
        """The last ``seq`` that was asked for: ``after`` of a stream that goes on where this one stands."""
        self.mark = ""
        """``mark`` of such a one: a daemon that has lost its past knows by it that the seq is of another."""
        self.lost = 0
        """How many were gone before they could be read: the daemon keeps the newest ones only."""
        self.anew = 0
        """How often a daemon answered that knew nothing of what was read before: one whose state was not kept."""

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while not self._ready:
            if self._ended:
                raise StopIteration
            self._turn()
        return self._ready.popleft()

    def _turn(self) -> None:
        newest = self.cursor is None
        items, page = self._turned()
        self._ready.extend(items)
        self.cursor, self.mark = page.next, page.mark
        self.anew += page.anew
        if not newest:
            self.lost += page.lost
        self._ended = not self._follow and (newest or not items)
