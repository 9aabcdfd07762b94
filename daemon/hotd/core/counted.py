"""What follows from a value alone, counted once of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")
T = TypeVar("T")


class counted(Generic[V, T]):  # it stands where ``property`` stands
    """Of a frozen value that has a dict: counted when somebody first asks, and kept beside the fields.

    For an attribute, and for a function of one such value. After every message all modules are looked at, and all but
    one are as they were. Unlike ``cached_property`` before Python 3.12 it takes no lock: a reader that is interrupted
    while it counts would keep the engine waiting. Two that count at once come to the same.
    """

    def __init__(self, count: Callable[[V], T]) -> None:
        self._count = count
        self._name = f"{count.__module__}.{count.__name__}"
        """The dot keeps the name of a function from being that of a field."""
        self.__doc__ = count.__doc__

    def __set_name__(self, owner: type[V], name: str) -> None:
        self._name = name

    def __get__(self, value: V, owner: type[V] | None = None) -> T:
        """The attribute, while it is not in the value's dict: from then on it is found there. Of the class itself there
        is none.
        """
        found = value.__dict__[self._name] = self._count(value)
        return found

    def __call__(self, value: V) -> T:
        known: dict[str, Any] = value.__dict__
        name = self._name
        return known[name] if name in known else self.__get__(value)
