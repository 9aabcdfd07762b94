"""The one way in which a test waits for something it cannot be told of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.01


def eventually(predicate: Callable[[], T], within: float = 45.0, what: str = "") -> T:
    """The first true value of ``predicate()``, asked again and again. AssertionError after ``within`` seconds.

    An AssertionError of the predicate counts as "not yet", and the last one is the reason given in the end.
    """
    deadline = time.monotonic() + within
    while True:
        last: object
        try:
            if value := predicate():
                return value
            last = value
        except AssertionError as not_yet:
            last = not_yet
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within} s: {what or predicate}; last: {last!r}")
        time.sleep(_PAUSE)  # noqa: TID251 - the one place that polls
