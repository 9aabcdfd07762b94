"""What keeps changes from being seen, in the book."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.book import Book
from hotd.core.conditions import conditions_of_daemon
from hotd.core.effects import Emit
from hotd.core.messages import WatchTrouble
from hotd.core.unseen import degrades, noted
from hotd.core.values import Instant
from tests.support.books import World

LIMIT = WatchTrouble("watch-limit", "3 of 9 folders are polled", over="all folders are watched again")
OPS = WatchTrouble("root-missing", "source root /ops was removed", "/ops", "source root /ops is watched again")
LIB = WatchTrouble("root-missing", "source root /lib was removed", "/lib", "source root /lib is watched again")
FULL = WatchTrouble("overflow", "more changed at once than the kernel keeps events of", healed=True)


def told(book: Book, *troubles: WatchTrouble, at: float) -> tuple[Book, list[tuple[EventName, str]]]:
    decision = noted(book, troubles, Instant(at, at))
    return decision.book, [(one.event, one.message) for one in decision.effects if isinstance(one, Emit)]


def test_each_trouble_comes_and_goes_by_itself() -> None:
    """A root that is gone and a limit that is reached are two conditions, and healing one does not hide the other."""
    book = World().book
    book, said = told(book, LIMIT, at=1.0)
    assert said == [(EventName.WATCH_DEGRADED, LIMIT.message)]
    book, said = told(book, LIMIT, OPS, LIB, at=2.0)
    assert said == [(EventName.WATCH_DEGRADED, OPS.message), (EventName.WATCH_DEGRADED, LIB.message)]
    assert [(one.type, one.reason, one.message) for one in conditions_of_daemon(book)] == [
        ("WatchDegraded", one.reason, one.message) for one in (LIMIT, OPS, LIB)
    ]
    book, said = told(book, LIMIT, LIB, at=3.0)
    assert said == [(EventName.WATCH_RESTORED, OPS.over)]
    book, said = told(book, at=4.0)
    assert said == [(EventName.WATCH_RESTORED, LIMIT.over), (EventName.WATCH_RESTORED, LIB.over)]
    assert conditions_of_daemon(book) == ()


def test_a_trouble_in_other_words_is_the_same_trouble() -> None:
    """A count that changes is shown, and told of once."""
    book, _ = told(World().book, LIMIT, at=1.0)
    since = conditions_of_daemon(book)[0].since
    worse = WatchTrouble("watch-limit", "4 of 9 folders are polled", over=LIMIT.over)

    book, said = told(book, worse, at=5.0)

    assert said == []
    (condition,) = conditions_of_daemon(book)
    assert (condition.message, condition.since) == (worse.message, since)


def test_what_has_healed_is_shown_and_needs_nobody() -> None:
    """Events that the kernel dropped were made up for: a monitor need not ring; and that it is over is no news."""
    book, said = told(World().book, FULL, at=1.0)
    assert said == [(EventName.WATCH_DEGRADED, FULL.message)]
    assert [one.reason for one in conditions_of_daemon(book)] == ["overflow"]
    assert not degrades(book)
    assert degrades(told(book, FULL, LIMIT, at=2.0)[0])
    assert told(book, at=3.0)[1] == []
