"""What keeps changes of files from being seen: each trouble by itself, from its first word to its last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hotd.contract.events import EventName
from hotd.core.book import Book
from hotd.core.copies import replace
from hotd.core.effects import Decision, Emit
from hotd.core.messages import WatchTrouble
from hotd.core.values import Instant

_Troubles = Mapping[tuple[str, str], tuple[WatchTrouble, Instant]]


def noted(book: Book, troubles: Iterable[WatchTrouble], now: Instant) -> Decision:
    """``troubles`` are all that there are now; the same one in other words has stood since it was told first."""
    before, after = book.watch_troubles, dict[tuple[str, str], tuple[WatchTrouble, Instant]]()
    for one in troubles:
        key = one.reason, one.subject
        after[key] = one, before[key][1] if key in before else now
    return Decision(replace(book, watch_troubles=after), tuple(_news(before, after)))


def degrades(book: Book) -> bool:
    """Whether changes go unseen, or are seen late: what has healed by itself needs nobody."""
    return any(not one.healed for one, _ in book.watch_troubles.values())


def _news(before: _Troubles, after: _Troubles) -> Iterator[Emit]:
    for key, (one, _) in after.items():
        if key not in before:
            yield Emit(EventName.WATCH_DEGRADED, one.message, fields={"reason": one.reason})
    for key, (one, _) in before.items():
        if key not in after and one.over:
            yield Emit(EventName.WATCH_RESTORED, one.over, fields={"reason": one.reason})
