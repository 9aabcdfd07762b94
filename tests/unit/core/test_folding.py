"""What is told once a second, and counted beside."""

from __future__ import annotations

import math

from hotd.core.folding import WITHIN, Folding


def test_the_first_of_a_kind_is_told_and_the_others_are_counted() -> None:
    """Until a second after the first; then the next is a first one again."""
    folding: Folding[str] = Folding()
    assert folding.begins("a", "one", 10.0)
    assert not folding.begins("a", "two", 10.5) and not folding.begins("a", "three", 10.9)
    assert folding.over(10.99) == []
    assert folding.over(10.0 + WITHIN) == [("one", 2)]
    assert folding.begins("a", "four", 11.1)
    assert folding.over(math.inf) == [], "it was alone, and has been told"


def test_kinds_are_counted_each_by_itself() -> None:
    """Told in the order in which they began."""
    folding: Folding[int] = Folding()
    for at, kind in ((1.0, "a"), (1.1, "b"), (1.2, "a"), (1.3, "b"), (1.4, "b"), (1.5, "c")):
        folding.begins(kind, ord(kind), at)
    assert folding.over(2.05) == [(97, 1)]
    assert folding.over(9.0) == [(98, 2)]


def test_nothing_is_kept_of_what_is_over() -> None:
    """However many kinds somebody thinks of."""
    folding: Folding[int] = Folding()
    for number in range(1000):
        folding.over(number / 100)
        folding.begins(number, number, number / 100)
    assert len(folding) <= 101
    folding.over(math.inf)
    assert len(folding) == 0
