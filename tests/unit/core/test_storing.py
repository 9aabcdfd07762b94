"""What the engine knows of its store."""

from __future__ import annotations

from hotd.core.messages import Logged, Unwritten, Written
from hotd.core.records import Trouble
from hotd.core.storing import CALM, FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, Storing, answered, asked, silent, silent_at
from hotd.core.values import Instant

FULL = Trouble("full", "the disk is full", "make room")
WORSE = Trouble("unwritable", "the disk reports errors", "look at it")


def at(seconds: float) -> Instant:
    return Instant(seconds, 1.7e9 + seconds)


def under_way(number: int, store: Storing | None = None) -> Storing:
    """So many writes more."""
    store = store or Storing()
    for _ in range(number):
        store = asked(store, at(0.0))
    return store


def test_writes_are_numbered_and_waited_for_one_by_one() -> None:
    """In the order they were asked for."""
    store = under_way(2)
    assert store.issued == 2 and not store.covers(1) and silent_at(store) == PATIENCE
    store = answered(store, Written(1), at(1.0))
    assert store.covers(1) and not store.covers(2) and silent_at(store) == 1.0 + PATIENCE
    store = answered(store, Written(2), at(2.0))
    assert store.covers(2) and store.durable == 2 and silent_at(store) is None


def test_what_only_has_to_outlive_the_daemon_is_waited_for_no_longer_than_that() -> None:
    """In the log it is held, though nothing is durable and the answer is still to come."""
    store = answered(under_way(2), Logged(1), at(1.0))
    assert store.holds(1) and not store.holds(2) and not store.covers(1)
    assert silent_at(store) == PATIENCE
    store = answered(store, Written(2), at(2.0))
    assert store.holds(2) and store.covers(2)


def test_while_it_fails_nobody_waits_and_everything_is_brought_again() -> None:
    """At a modest pace; what is under way besides says nothing new."""
    store = answered(under_way(3), Unwritten(1, FULL), at(10.0))
    assert store.covers(99) and not store.takes and store.trouble == FULL and store.since == at(10.0)
    assert store.retry_at == 10.0 + FIRST_PAUSE
    store = answered(store, Unwritten(2, WORSE), at(10.5))
    assert store.trouble == FULL and store.retry_at == 10.0 + FIRST_PAUSE
    store = answered(store, Written(3), at(10.6))
    assert store.trouble == FULL, "one that came through says nothing of those that did not"
    store = asked(store, at(11.0), whole=True)
    assert store.takes and store.retry_at is None and store.trouble == FULL
    store = asked(store, at(11.1))
    store = answered(store, Written(4), at(11.2))
    assert store.trouble is None and store.since is None and store.takes and not store.covers(5)


def test_pauses_between_two_tries_grow_and_end() -> None:
    """It is still the same trouble, since the same moment, with the newest reason."""
    store, now = answered(under_way(1), Unwritten(1, FULL), at(0.0)), 0.0
    pauses = []
    for _ in range(8):
        assert store.retry_at is not None
        pauses.append(store.retry_at - now)
        now = store.retry_at
        store = asked(store, at(now), whole=True)
        store = answered(store, Unwritten(store.issued, WORSE), at(now))
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE] and pauses[-1] == LONGEST_PAUSE
    assert store.trouble == WORSE and store.since == at(0.0)


def test_a_disk_that_takes_some_and_not_all_is_left_alone_longer_and_longer() -> None:
    """Until it has taken everything for a while."""
    store = answered(under_way(1), Unwritten(1, FULL), at(0.0))
    store = answered(asked(store, at(1.0), whole=True), Written(2), at(1.0))
    store = answered(asked(store, at(2.0)), Unwritten(3, FULL), at(2.0))
    assert store.retry_at == 2.0 + 2 * FIRST_PAUSE
    store = answered(asked(store, at(4.0), whole=True), Written(4), at(4.0))
    later = 4.0 + CALM
    assert answered(asked(store, at(later)), Unwritten(5, FULL), at(later)).retry_at == later + FIRST_PAUSE


def test_nobody_waits_for_a_disk_that_hangs() -> None:
    """Until it says something: then it is brought everything at once."""
    store = silent(under_way(2), at(PATIENCE))
    assert store.covers(2) and store.trouble is not None and store.trouble.reason == "slow"
    assert store.retry_at is None and silent_at(store) is None and not store.takes
    store = answered(store, Written(1), at(60.0))
    assert store.retry_at == 60.0
    store = asked(store, at(60.0), whole=True)
    store = answered(store, Written(2), at(60.1))
    assert store.trouble is not None and store.trying == 3
    assert answered(store, Written(3), at(60.2)).trouble is None


def test_a_disk_that_hangs_again_while_everything_is_brought_is_not_asked_for_more() -> None:
    """The trouble is what it was."""
    store = answered(under_way(1), Unwritten(1, FULL), at(0.0))
    store = asked(store, at(1.0), whole=True)
    assert silent_at(store) == 1.0 + PATIENCE
    store = silent(store, at(1.0 + PATIENCE))
    assert store.trouble == FULL and not store.takes and store.retry_at is None
    assert answered(store, Unwritten(2, WORSE), at(9.0)).retry_at == 9.0


def test_where_a_lost_store_lies_is_remembered() -> None:
    """As long as the daemon lives."""
    store = answered(under_way(2), Written(1, "/state/hotd.db.unreadable"), at(3.0))
    assert answered(store, Written(2), at(4.0)).aside == ("/state/hotd.db.unreadable", at(3.0))
