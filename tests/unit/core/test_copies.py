"""Changed copies are what the standard library would make of them, and cheap."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from hotd.core.book import Book, Generation, Instance, Module, Rollout
from hotd.core.copies import replace
from hotd.core.counted import counted
from hotd.core.storing import Storing


@dataclass(frozen=True)
class Basket:
    apples: int
    pears: int = 2

    @counted
    def fruits(self) -> int:
        return self.apples + self.pears


@dataclass(frozen=True, slots=True)
class Box:
    apples: int
    pears: int = 2


@dataclass(frozen=True)
class Scale:
    weight: int

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError("less than nothing")


@pytest.mark.parametrize("value", [Basket(1), Box(1)], ids=["without slots", "with slots"])
def test_a_copy_differs_in_what_was_said_and_in_nothing_else(value: Basket | Box) -> None:
    """And the value itself stays as it was."""
    changed = replace(value, apples=5)
    assert (changed, value) == (dataclasses.replace(value, apples=5), type(value)(1)) and type(changed) is type(value)
    assert replace(changed, pears=1) == type(value)(5, 1)


def test_a_copy_counts_anew() -> None:
    """What was counted of the value is not true of another."""
    basket = Basket(1)
    assert basket.fruits == 3
    assert replace(basket, apples=5).fruits == 7 and basket.fruits == 3


@pytest.mark.parametrize("value", [Basket(1), Box(1)], ids=["without slots", "with slots"])
def test_what_is_no_field_is_refused(value: Basket | Box) -> None:
    """A misspelt name must not vanish in a value that looks changed."""
    with pytest.raises(TypeError, match="plums"):
        replace(value, plums=1)  # type: ignore[call-arg]  # that it is refused is what is tested


def test_nobody_changes_a_copy() -> None:
    """It is as frozen as what it was made of."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(Basket(1), apples=5).apples = 6  # type: ignore[misc]  # that it is refused is what is tested


def test_a_value_that_checks_its_fields_checks_those_of_a_copy() -> None:
    """No copy is one that could not have been made."""
    assert replace(Scale(1), weight=2) == Scale(2)
    with pytest.raises(ValueError, match="less than nothing"):
        replace(Scale(1), weight=-1)


@pytest.mark.parametrize("kind", [Book, Module, Rollout, Storing, Generation, Instance])
def test_what_a_save_copies_is_copied_at_once(kind: type) -> None:
    """No call for each field, however many there are: a save makes some forty of these copies."""
    value: Any = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(value, field.name, None)
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(event) if event == "call" else None)
    try:
        replace(value)
    finally:
        sys.setprofile(None)
    assert calls == ["call"], "nothing of Python is called but the copying itself"
