"""g1, g2, g3, …"""

from __future__ import annotations

import pytest

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
    numbers = Numbers()
    first = given(numbers, "a")

    assert [first.number, *(given(numbers, digest).number for digest in "aba")] == [1, 1, 2, 3]
    numbers.give(first)
    assert first.number == 1


def test_numbers_go_on_where_an_earlier_life_ended() -> None:
    """Its newest content keeps its number."""
    assert [given(Numbers((4, "a")), digest).number for digest in "ab"] == [4, 5]


def test_a_load_that_came_to_nothing_leaves_no_gap() -> None:
    """Its number goes to the next one, whatever that holds."""
    numbers = Numbers()
    given(numbers, "a")
    numbers.take_back(given(numbers, "b"))

    assert given(numbers, "c").number == 2


def test_a_number_that_is_not_the_newest_any_more_is_not_taken_back() -> None:
    """Numbers never go back behind one that somebody has."""
    numbers = Numbers()
    early = given(numbers, "a")
    given(numbers, "b")
    numbers.take_back(early)

    assert given(numbers, "c").number == 3


def test_only_who_was_the_first_to_get_a_number_can_give_it_back() -> None:
    """A second load of the same content is thrown away; the generation that has the number keeps it."""
    numbers = Numbers()
    kept, again = given(numbers, "a"), given(numbers, "a")
    numbers.take_back(again)

    assert kept.number == 1
    assert given(numbers, "b").number == 2


@pytest.mark.timeout(10)
def test_who_is_interrupted_by_another_promotion_does_not_wait_for_itself() -> None:
    """The collector may run a ``__del__`` that promotes while a number is given, on the same thread."""
    numbers = Numbers()
    old = given(numbers, "a")

    class Interrupted(Generation):
        def __hash__(self) -> int:
            numbers.give(old)
            return super().__hash__()

    numbers.give(new := Interrupted(0, "b", ()))

    assert (old.number, new.number) == (1, 2)
