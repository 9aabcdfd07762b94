"""The event stream."""

from __future__ import annotations

import logging
import threading

import pytest

from hotd.contract.events import EventName
from hotd.contract.views import Event
from hotd.core.effects import Emit
from hotd.core.values import Instant
from hotd.engine.events import EventRing, write_line

NOW = Instant(5.0, 1_700_000_000.0)
LATER = Instant(6.0, 1_700_000_001.0)
PATIENCE = 20.0


def tell(events: EventRing, emit: Emit, now: Instant) -> None:
    events.show([events.made(emit, now)])


def ring(*modules: str | None, most: int = 100) -> EventRing:
    """One event for each module."""
    events = EventRing(most)
    for module in modules:
        tell(events, Emit(EventName.MODULE_SCALED, f"{module} scaled", module), NOW)
    return events


def seqs(events: EventRing, after: int | None, limit: int = 100, module: str | None = None) -> list[int]:
    return [event.seq for event in events.read(after, limit, 0.0, module).events]


def test_an_event_keeps_all_that_was_told() -> None:
    """And gets a number and a time."""
    events = EventRing()
    assert events.seq == 0 and events.read(0, 5, 0.0).events == ()
    tell(
        events,
        Emit(EventName.RELOAD_PROMOTED, "op g2 is current", "op", 2, "op-1", "root", "hotctl reload", {"digest": "d"}),
        NOW,
    )
    (event,) = events.read(0, 5, 0.0).events
    assert (event.seq, event.at, event.event) == (1, "2023-11-14T22:13:20.000Z", "reload.promoted")
    assert (event.module, event.generation, event.instance, event.actor) == ("op", 2, "op-1", "root")
    assert (event.cause, event.message, event.fields) == ("hotctl reload", "op g2 is current", {"digest": "d"})
    assert events.seq == 1


def test_a_cursor_reads_on_where_it_was() -> None:
    """Page after page, nothing twice and nothing left out."""
    events = ring("a", "b", "a", "b", "a")
    page = events.read(0, 2, 0.0)
    assert ([e.seq for e in page.events], page.next, page.lost) == ([1, 2], 2, 0)
    page = events.read(page.next, 2, 0.0)
    assert [e.seq for e in page.events] == [3, 4]
    page = events.read(page.next, 2, 0.0)
    assert ([e.seq for e in page.events], page.next) == ([5], 5)
    assert events.read(5, 2, 0.0).events == () and events.read(5, 2, 0.0).next == 5


def test_without_a_cursor_the_newest_are_read() -> None:
    """And the cursor stands at the end."""
    events = ring("a", "b", "a")
    page = events.read(None, 2, 0.0)
    assert ([e.seq for e in page.events], page.next) == ([2, 3], 3)
    assert seqs(events, None, limit=0) == [3], "at least one"


def test_one_modules_events_are_those_that_concern_it() -> None:
    """Also where several were concerned at once; the cursor moves over the others."""
    events = ring("a", "b", "a")
    tell(events, Emit(EventName.WATCH_CHANGED, "helper.py changed: a, b", fields={"modules": ["a", "b"]}), NOW)
    assert seqs(events, 0, module="b") == [2, 4] and seqs(events, None, module="b") == [2, 4]
    page = events.read(2, 100, 0.0, "nobody")
    assert page.events == () and page.next == 4


def test_what_left_the_ring_unread_is_counted() -> None:
    """A stalled reader costs the daemon nothing, and is told what it missed."""
    events = ring(*["a"] * 10, most=4)
    page = events.read(2, 100, 0.0)
    assert ([e.seq for e in page.events], page.next, page.lost) == ([7, 8, 9, 10], 10, 4)
    assert events.read(6, 100, 0.0).lost == 0 and events.read(0, 1, 0.0).next == 7


def test_a_cursor_of_an_earlier_daemon_begins_anew() -> None:
    """It lies in the future of this one."""
    assert seqs(ring("a", "b"), 5000) == [1, 2]


def test_a_parked_reader_is_woken_by_the_next_event() -> None:
    """At once."""
    events = ring("a")
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.extend(e.seq for e in events.read(1, 5, PATIENCE).events))
    reader.start()
    tell(events, Emit(EventName.MODULE_SCALED, "b"), NOW)
    reader.join(PATIENCE)
    assert found == [2]


def test_the_end_lets_every_parked_reader_go() -> None:
    """With nothing, and nobody parks after."""
    events = ring("a")
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.append(events.read(1, 5, PATIENCE).next))
    reader.start()
    events.close()
    reader.join(PATIENCE)
    assert found == [1] and events.read(1, 5, PATIENCE).events == ()


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (EventName.RELOAD_REJECTED, logging.ERROR),
        (EventName.GENERATION_STALLED, logging.WARNING),
        (EventName.MODULE_TAINTED, logging.WARNING),
        (EventName.RESTART_REQUIRED, logging.WARNING),
        (EventName.RELOAD_PROMOTED, logging.INFO),
        (EventName.INSTANCE_STARTED, logging.DEBUG),
    ],
)
def test_every_event_is_a_line_of_the_log(event: EventName, level: int, caplog: pytest.LogCaptureFixture) -> None:
    """With the fields of the event, at a level of its kind."""
    with caplog.at_level(logging.DEBUG, "hotd.engine"):
        write_line(Emit(event, "100 % told", "op", 2, "op-1"))
    (record,) = caplog.records
    assert (record.getMessage(), record.levelno) == ("100 % told", level)
    assert vars(record)["event"] == event.value and vars(record)["hosted"] == "op"
    assert (vars(record)["generation"], vars(record)["instance"]) == (2, "op-1")


def test_a_daemon_that_counts_anew_knows_a_cursor_that_is_not_its_own() -> None:
    """Its past was not kept: it begins with its first event and says so, whichever numbers it has reached by now."""
    before = ring("a", "b", "c")
    page = before.read(0, 100, 0.0)
    after = EventRing()
    for module in "abcdef":
        tell(after, Emit(EventName.MODULE_SCALED, f"{module} scaled", module), LATER)

    assert before.read(page.next, 100, 0.0, None, page.mark).anew is False
    other = after.read(page.next, 100, 0.0, None, page.mark)
    assert (other.anew, [event.seq for event in other.events]) == (True, [1, 2, 3, 4, 5, 6])
    assert after.read(99, 100, 0.0).anew, "a number that it has not reached"
    assert not after.read(0, 100, 0.0, None, "whatever").anew, "nothing was read so far"
    assert not after.read(3, 100, 0.0).anew, "typed by hand"


def test_a_mark_is_that_of_the_newest_event_that_was_looked_at() -> None:
    """Also where that concerns another module, where nothing came, and not where it was lost."""
    events = ring("a", "b")
    tell(events, Emit(EventName.MODULE_SCALED, "b scaled", "b"), LATER)
    page = events.read(0, 100, 0.0, "a")
    assert (page.next, page.mark) == (3, "2023-11-14T22:13:21.000Z")
    assert events.read(3, 100, 0.0, None, page.mark).mark == page.mark
    assert events.read(None, 1, 0.0).mark == page.mark
    assert EventRing().read(None, 1, 0.0).mark == ""
    full = ring(*["a"] * 10, most=4)
    assert full.read(2, 1, 0.0, None, "2023-11-14T22:13:20.000Z").lost == 4


def test_a_mark_is_looked_up_in_the_store_where_the_ring_has_it_no_more() -> None:
    """What lies behind the ring is as good; what is kept nowhere is counted as lost, and nothing else is concluded."""
    kept = [Event(seq, "then", "module.scaled") for seq in (4, 5, 6)]
    events = EventRing(last=6, older=lambda after, before, _: [e for e in kept if after < e.seq < before])

    assert [event.seq for event in events.read(5, 100, 0.0, None, "then").events] == [6]
    assert events.read(5, 100, 0.0, None, "another time").anew
    page = events.read(2, 100, 0.0, None, "then")
    assert (page.anew, page.lost, page.mark) == (False, 1, "then")


def test_the_last_page_says_that_it_is() -> None:
    """Whoever follows asks the next daemon, instead of one that is gone."""
    events = ring("a")
    assert not events.read(0, 100, 0.0).closing
    events.close()
    page = events.read(0, 100, PATIENCE)
    assert page.closing and [event.seq for event in page.events] == [1]
