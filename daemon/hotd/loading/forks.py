"""A forked child has every generation in memory, and of all threads only the one that forked.

Up to Python 3.13 multiprocessing forks by default. What other threads were in the middle of is in the middle for ever:
locks that they hold, and modules that they execute. So the child gets new locks, and executes afresh what it meets
half-done (`imports.execution`).
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable

_locks: weakref.WeakKeyDictionary[object, list[tuple[str, Callable[[], object]]]] = weakref.WeakKeyDictionary()
"""Object or module -> its attributes that are locks, each with what makes a new one."""
_then: list[Callable[[], None]] = []


def renew(owner: object, attribute: str, make: Callable[[], object]) -> None:
    """In every forked child, as long as the owner lives, this lock of its is a new one.

    The thread that forked may be inside of a ``with`` of the old one: that still knows it, and releases that.
    """
    _locks.setdefault(owner, []).append((attribute, make))


def then(function: Callable[[], None]) -> None:
    """Call the function in every forked child, on its only thread, once the locks are new."""
    _then.append(function)


@functools.cache  # hooks of fork can never be taken back: one for the process, none before a loader is opened
def mind() -> None:
    """From now on."""
    os.register_at_fork(after_in_child=_renew)


def _renew() -> None:
    for owner, locks in list(_locks.items()):
        for attribute, make in locks:
            setattr(owner, attribute, make())
    for function in _then:
        function()
