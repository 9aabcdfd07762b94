"""Changed copies of collections that nobody changes in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def without(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    return {k: v for k, v in mapping.items() if k != key}


def bounded(items: tuple[V, ...], item: V, most: int) -> tuple[V, ...]:
    """``items`` with one more at the end, and at most the newest ``most`` of them."""
    return (*items, item)[-most:]
