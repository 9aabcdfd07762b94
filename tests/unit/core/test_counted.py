"""What follows from a value alone is counted once of each."""

from __future__ import annotations

from dataclasses import dataclass

from hotd.core.copies import replace
from hotd.core.counted import counted

asked: list[str] = []


@dataclass(frozen=True)
class Basket:
    apples: int
    pears: int = 2
    colour: str = "brown"

    UNCOUNTED = frozenset({"colour"})

    @counted
    def fruits(self) -> int:
        """Of both kinds."""
        asked.append("fruits")
        return self.apples + self.pears


@counted
def apples(basket: Basket) -> str:
    """A function with the name of a field."""
    asked.append("apples")
    return f"{basket.apples} apples"


def test_what_is_counted_is_counted_once_of_each_value() -> None:
    """After every message all modules are looked at, and all but one are as they were."""
    asked.clear()
    few, many = Basket(1), Basket(5)
    assert [few.fruits, few.fruits, many.fruits, many.fruits] == [3, 3, 7, 7]
    assert [apples(few), apples(few), apples(many)] == ["1 apples", "1 apples", "5 apples"]
    assert asked == ["fruits", "fruits", "apples", "apples"]


def test_of_a_copy_it_is_counted_anew() -> None:
    """What was counted of the value is not true of another, and does not make two equal ones different."""
    basket = Basket(1)
    assert (basket.fruits, apples(basket)) == (3, "1 apples")
    assert (replace(basket, apples=2).fruits, apples(replace(basket, apples=2))) == (4, "2 apples")
    assert replace(basket) == basket == Basket(1) and basket.apples == 1


def test_it_is_kept_where_nothing_of_it_follows_from_what_is_changed() -> None:
    """A save marks a module as changed before anything else, and nothing is counted anew for that."""
    basket = Basket(1)
    assert (basket.fruits, apples(basket)) == (3, "1 apples")
    asked.clear()
    red = replace(basket, colour="red")
    assert (red.fruits, apples(red), asked) == (3, "1 apples", []) and red == Basket(1, colour="red")
    assert replace(red, colour="blue", apples=2).fruits == 4 and red.fruits == 3
