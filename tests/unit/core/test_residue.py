"""What loads that came to nothing left behind: a condition while it is there, an event at both ends."""

from __future__ import annotations

import pytest

from hotd.contract.events import EventName
from hotd.core.book import Book
from hotd.core.effects import Decision
from hotd.core.residue import enumerated, left_behind
from hotd.core.values import Instant
from tests.support.books import OP, World, serving

THREAD = "thread 'poller', in /ops/op.py:5 poll"
ENTRY = "registry.HANDLERS, which is or holds function 'on_event'"


def tell(world: World, *what: str) -> None:
    def decide(book: Book, now: Instant) -> Decision:
        return left_behind(book, OP, what, now)

    world.forget()
    world.tell(decide)


def test_it_taints_the_module_until_it_is_gone() -> None:
    """The condition says what it is and since when; a repaired and healthy module may have it."""
    world = serving()
    began = world.view().conditions
    tell(world, THREAD)

    condition = world.condition("Tainted")
    assert condition is not None and condition.reason == "left-behind"
    assert THREAD in condition.message
    assert world.view().health == "Healthy"
    (told,) = world.events(EventName.MODULE_TAINTED)
    assert told.module == OP and THREAD in told.message and told.fields == {"left": [THREAD]}

    world.time += 5.0
    tell(world)
    assert world.view().conditions == began
    (told,) = world.events(EventName.MODULE_CLEARED)
    assert told.message == "op is clean again: what loads that came to nothing had left behind is gone"


def test_hearing_the_same_again_is_no_news() -> None:
    """It is looked at often; only what is new is told, and only what is there is listed."""
    world = serving()
    tell(world, THREAD)
    since = world.condition("Tainted")
    world.time += 5.0
    tell(world, THREAD)
    assert not world.effects and world.condition("Tainted") == since

    tell(world, THREAD, ENTRY)
    (told,) = world.events()
    assert ENTRY in told.message and THREAD not in told.message and told.fields["left"] == [THREAD, ENTRY]

    tell(world, ENTRY)
    assert not world.effects
    condition = world.condition("Tainted")
    assert condition is not None and since is not None
    assert THREAD not in condition.message and condition.since == since.since


def test_nothing_of_a_clean_module_is_no_news() -> None:
    """The first look finds what was expected."""
    world = serving()
    before = world.book
    tell(world)
    assert not world.effects and world.book == before


def test_of_a_module_that_is_hosted_no_more_nothing_is_told() -> None:
    """Its threads may end long after it."""
    world = serving()
    before = world.book
    assert left_behind(before, "gone", (THREAD,), world.now) == Decision(before)


@pytest.mark.parametrize(
    ("number", "says"), [(1, "t0"), (4, "t0; t1; t2; t3"), (5, "t0; t1; t2; t3; and 1 more"), (9, "and 5 more")]
)
def test_a_sentence_lists_a_few(number: int, says: str) -> None:
    """A hundred threads are not a hundred lines of status."""
    assert enumerated([f"t{n}" for n in range(number)]).endswith(says)
