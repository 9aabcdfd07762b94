"""What other threads are doing: whoever wants frames that are not the asker's own gets them here.

A frame is no object until somebody asks for it. Before Python 3.12 memory that is asked for may let the garbage
collector run, there and then: finalizers run in the middle of making that object, another thread goes on meanwhile, and
its frame is over. What we get then points to freed memory, and the process dies of it a little later
(python/cpython#111363). So while anybody asks, the collector stands still. Later Pythons collect between two
instructions only.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final


class _Undisturbed:
    """While anybody is inside, nothing is collected unless somebody says so.

    Whether the collector was on is asked by who comes first: what somebody else says of it meanwhile is lost.
    """

    def __init__(self) -> None:
        self._turn = threading.RLock()  # re-entrant: what a finalizer runs while we hold it may come here, too
        self._inside = 0
        self._was_on = False

    def __enter__(self) -> None:
        _mind_forks()
        with self._turn:
            if self._inside == 0:
                self._was_on = gc.isenabled()
            # Another thread may fork between any two of these: wherever the collector is off, somebody is inside.
            self._inside += 1
            gc.disable()

    def __exit__(self, *exception: object) -> None:
        with self._turn:
            if self._inside <= 1 and self._was_on:
                gc.enable()
            self._inside = max(0, self._inside - 1)

    def forked(self) -> None:
        """In the child nobody is inside but, at most, who forked: only its own exit is to come."""
        self._turn = threading.RLock()
        if self._inside:
            self._inside = 0
            if self._was_on:
                gc.enable()


_undisturbed: Final = _Undisturbed()
undisturbed: Final = _undisturbed if sys.version_info < (3, 12) else contextlib.nullcontext()
"""Held over every look into what another thread may be in the middle of."""


@functools.cache  # hooks of fork can never be taken back: one for the process, none before it is needed
def _mind_forks() -> None:
    os.register_at_fork(after_in_child=_undisturbed.forked)


def of_threads() -> dict[int, list[FrameType]]:
    """Identity of every thread but the one that asks -> its frames, innermost first. Whoever has them keeps them."""
    with undisturbed:
        tops = sys._current_frames()
        del tops[threading.get_ident()]  # our own caller's among them would be a cycle
        return {ident: _up(top) for ident, top in tops.items()}


def of_thread(ident: int | None) -> list[FrameType]:
    """The frames of that thread, innermost first; none when there is no such thread, or it is over."""
    with undisturbed:
        return _up(sys._current_frames().get(ident or 0))


def of_suspended(thing: Any) -> FrameType | None:
    """The frame of a generator or coroutine, which another thread may go on with meanwhile; None when it is over."""
    with undisturbed:
        frame: FrameType | None = thing.gi_frame if hasattr(type(thing), "gi_frame") else thing.cr_frame
        return frame


def from_outside(stack: list[FrameType]) -> Iterator[tuple[FrameType, int]]:
    """The same frames, each with its line, outermost first, as `traceback.StackSummary` reads them."""
    return ((frame, frame.f_lineno) for frame in reversed(stack))


def _up(frame: FrameType | None) -> list[FrameType]:
    stack = []
    while frame is not None:
        stack.append(frame)
        frame = frame.f_back
    return stack
