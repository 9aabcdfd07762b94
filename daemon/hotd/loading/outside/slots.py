"""Places that hold one thing each: hooks of the interpreter, streams, signal handlers.

What was there before can be put back.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # signal.getsignal turns each answer into an enum: that takes longer
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from hotd.loading.outside.registries import Holder
from hotd.loading.outside.whose import Whose, named

_PLACES: tuple[tuple[Any, str], ...] = (
    (sys, "excepthook"),
    (sys, "unraisablehook"),
    (sys, "displayhook"),
    (sys, "stdin"),
    (sys, "stdout"),
    (sys, "stderr"),
    (threading, "excepthook"),
    (warnings, "showwarning"),
    (warnings, "formatwarning"),
    (logging, "_logRecordFactory"),
    (logging, "_loggerClass"),
)

Key = str | signal.Signals
_SIGNALS = tuple(number for number in sorted(signal.valid_signals()) if isinstance(number, signal.Signals))
PLACES = frozenset(f"{where.__name__}.{name}" for where, name in _PLACES)

Before = Mapping[Key, Any]
"""What stood there at a moment."""


def now() -> Before:
    """What stands there now: taken before a candidate is executed. Microseconds.

    The signals only on the main thread, which alone can set any: what it set between two looks, the load has set.
    """
    found: dict[Key, Any] = {f"{where.__name__}.{name}": getattr(where, name, None) for where, name in _PLACES}
    if threading.current_thread() is threading.main_thread():
        found.update((number, _signal.getsignal(number)) for number in _SIGNALS)
    return found


def slots(whose: Whose, before: Before) -> Iterator[Holder]:
    """Where something of theirs stands; it can be undone when ``before`` tells what to put back."""
    for where, name in _PLACES:
        key, there = f"{where.__name__}.{name}", getattr(where, name, None)
        if whose.owns(there):
            back = partial(_put_back, where, name, there, before[key]) if _knows(whose, before, key) else None
            yield Holder(f"{key}, {named(there)}", back)
    for number in _SIGNALS:
        handler = _signal.getsignal(number)
        if whose.owns(handler):
            known = _knows(whose, before, number) and before[number] is not None
            back = partial(_handle_again, number, handler, before[number]) if known else None
            yield Holder(f"signal handler for {number.name}, {named(handler)}", back)


def _knows(whose: Whose, before: Before, key: Key) -> bool:
    return key in before and not whose.owns(before[key])


def _put_back(where: Any, name: str, theirs: Any, old: Any) -> None:
    if getattr(where, name) is theirs:
        setattr(where, name, old)


def _handle_again(number: signal.Signals, theirs: Any, old: Any) -> None:
    """ValueError off the main thread: then it stays."""
    if _signal.getsignal(number) is theirs:
        signal.signal(number, old)
