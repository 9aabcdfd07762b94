"""What ``typing`` remembers in the process, by text or by name, and must not hand from one generation to the next.

Its caches hold classes: ``Optional[Job]`` kept a whole generation in memory until 128 other types were written. They go
by text: ``Optional["Job"]`` is one object for everybody who writes it, with the class in it that the *first* to
evaluate it found; new code got the old class from ``get_type_hints`` (both measured, 3.11 to 3.13). Overloads are kept
by module, name and line: those of earlier generations stay beside the new ones for ever.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from typing import Any

Overloads = dict[str, Any]
"""Module -> what typing knows of its overloads."""

_cleanups: list[Callable[[], None]] = getattr(typing, "_cleanups", [])
_overloads: Overloads = getattr(typing, "_overload_registry", {})


def forget_types() -> None:
    """Let code that runs from now on write its types anew, and what is not used any more be collected.

    Before a load executes anything, when its outcome is known, when a generation is retired, and where one is left in
    memory. Costs some 10 µs.
    """
    for clear in _cleanups:
        clear()


def take_overloads(modules: Iterable[str]) -> Overloads:
    """What is known of these modules' overloads; from now on nothing is, so that new code can tell its own."""
    return {name: _overloads.pop(name) for name in modules if name in _overloads}


def give_back_overloads(modules: Iterable[str], known: Overloads) -> None:
    """Put back what was taken, in place of what new code told since."""
    for name in modules:
        _overloads.pop(name, None)
    _overloads.update(known)
