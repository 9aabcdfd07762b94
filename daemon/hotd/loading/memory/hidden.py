"""What is held where the garbage collector does not see it: by running functions, at exit, by signal handlers.

Since Python 3.11 the frame of a running function is no object until somebody asks for it.
"""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from collections.abc import Container, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from hotd import stacks
from hotd.core import border
from hotd.core.border import Returned
from hotd.core.marks import plain
from hotd.loading.outside.doors import AtExit, at_exit
from hotd.loading.outside.whose import named, of_frame


@dataclass(frozen=True, slots=True)
class Standing:
    """A thread that runs code of the parts in question."""

    ident: int
    thread: str
    """Its name."""
    place: str
    """Where in that code, innermost."""
    stack: str | None


def standing(parts: Container[object]) -> Iterator[Standing]:
    """The threads that run any code of these parts. The one that asks is left out."""
    for ident, name, stack in _threads():
        for frame in stack:
            if of_frame(frame) in parts:
                yield Standing(ident, name, place_of(frame), border.stack_text(stacks.from_outside(stack)))
                break


def hidden(parts: Container[object]) -> dict[int, str]:
    """Identity of every object that is held out of sight -> what to call the holder. Holds none of them.

    Without what the asking thread itself runs, and what functions of these parts do, and ours.
    """
    found: dict[int, str] = {}
    for _, name, stack in _threads():
        for frame in stack:
            if of_frame(frame) in parts or str(frame.f_globals.get("__name__")).startswith("hotd."):
                continue
            for variable, value in _variables(frame):
                found.setdefault(id(value), f"local variable {variable!r} of {place_of(frame)}, in thread {name!r}")
    for number in signal.valid_signals():
        found[id(signal.getsignal(number))] = f"signal handler for {getattr(number, 'name', number)}"
    asked = border.call(at_exit)
    for one in asked.value if isinstance(asked, Returned) else ():
        found[id(one)] = f"atexit {named(one.fn if isinstance(one, AtExit) else one)}"
    return found


def place_of(frame: FrameType) -> str:
    """``poll (ops/long_op.py:12)``."""
    return f"{frame.f_code.co_name} ({plain(frame.f_code.co_filename)}:{frame.f_lineno})"


def _threads() -> Iterator[tuple[int, str, list[FrameType]]]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, stack in stacks.of_threads().items():
        yield ident, str(names.get(ident, f"number {ident}")), stack


_ASKS_ITSELF = frozenset({"locals", "vars", "eval", "exec", "dir", "f_locals"})


def _variables(frame: FrameType) -> list[tuple[str, Any]]:
    """The frame's local variables, leaving no trace.

    Before Python 3.13 a look refreshes a snapshot in the frame, which is the one that ``locals()`` gives, and which
    would itself keep what the function lets go of. So it is emptied again; and nobody looks where it may be in use: by
    the function itself, or by a debugger, which would write it back.
    """
    code = frame.f_code
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return []  # a module's or a class's body: its names are no local variables
    if sys.version_info >= (3, 13):
        return list(frame.f_locals.items())
    if frame.f_trace is not None or threading.gettrace() is not None or not _ASKS_ITSELF.isdisjoint(code.co_names):
        return []
    with stacks.undisturbed:
        seen = frame.f_locals
    found = list(seen.items())
    if sys.getrefcount(seen) <= _FRAME_AND_US:
        seen.clear()
    return found


_FRAME_AND_US = 3
"""References to the snapshot: of the frame, of our variable, of the call that counts."""
