"""g1, g2, g3, …"""

from __future__ import annotations

from hotd.loading.generation import Generation
from hotd.loading.numbers import Numbers


def loaded(digest: str) -> Generation:
    return Generation(0, digest, ())


def given(numbers: Numbers, digest: str) -> Generation:
    generation = loaded(digest)
    numbers.give(generation)
    return generation


def test_numbers_grow_with_every_content_that_is_new() -> None:
    """The same content loaded again is the same generation; so is one that was numbered before."""
    numbers = Numbers(5)
    first = given(numbers, "a")

    assert [first.number, given(numbers, "a").number, given(numbers, "b").number, given(numbers, "a").number] == [
        5,
        5,
        6,
        7,
    ]
    numbers.give(first)
    assert first.number == 5


def test_a_load_that_came_to_nothing_leaves_no_gap() -> None:
    """Its number goes to the next one, whatever that holds."""
    numbers = Numbers(1)
    given(numbers, "a")
    numbers.take_back(given(numbers, "b"))

    assert given(numbers, "c").number == 2


def test_a_number_that_is_not_the_newest_any_more_is_not_taken_back() -> None:
    """Numbers never go back behind one that somebody has."""
    numbers = Numbers(1)
    early = given(numbers, "a")
    given(numbers, "b")
    numbers.take_back(early)

    assert given(numbers, "c").number == 3


def test_only_who_was_the_first_to_get_a_number_can_give_it_back() -> None:
    """A second load of the same content is thrown away; the generation that has the number keeps it."""
    numbers = Numbers(1)
    kept, again = given(numbers, "a"), given(numbers, "a")
    numbers.take_back(again)

    assert kept.number == 1
    assert given(numbers, "b").number == 2
