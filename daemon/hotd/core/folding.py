"""What happens too often to be told each time: the first is told, the others are counted. No thread, lock or clock."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

WITHIN = 1.0
"""Seconds from the first of a kind, within which the others of it are counted."""


@dataclass(slots=True)
class _Counted(Generic[T]):
    first: T
    until: float
    more: int = 0


class Folding(Generic[T]):
    """Of each kind one is told in ``WITHIN`` seconds, and how many more there were."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Counted[T]] = {}
        """In the order in which their time is over."""

    def __len__(self) -> int:
        return len(self._kinds)

    def begins(self, kind: Hashable, one: T, now: float) -> bool:
        """Whether this is to be told: it is the first of its kind; else it counts. Ask ``over`` before."""
        if (known := self._kinds.get(kind)) is not None:
            known.more += 1
            return False
        self._kinds[kind] = _Counted(one, now + WITHIN)
        return True

    def over(self, now: float) -> list[tuple[T, int]]:
        """Of each kind whose time is over and that had others: the first, and how many more there were."""
        told = []
        while self._kinds:
            kind, counted = next(iter(self._kinds.items()))
            if counted.until > now:
                break
            del self._kinds[kind]
            if counted.more:
                told.append((counted.first, counted.more))
        return told
