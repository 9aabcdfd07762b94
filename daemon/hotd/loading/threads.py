"""A thread that gN's code starts belongs to gN: timers and the workers of a pool included.

Before Python 3.14 a thread starts with an empty context, and below the frames of the standard library's own workers
there is no managed code that could be asked.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from hotd.loading.asking import BOUND, Inherited, maker, scopes
from hotd.loading.part import Part

_inherited: list[contextvars.ContextVar[Any]] = []
_contexts: weakref.WeakKeyDictionary[threading.Thread, contextvars.Context] = weakref.WeakKeyDictionary()
_starters: weakref.WeakKeyDictionary[threading.Thread, weakref.ref[Part]] = weakref.WeakKeyDictionary()
_watched: weakref.WeakKeyDictionary[threading.Thread, tuple[Callable[[], None], ...]] = weakref.WeakKeyDictionary()
_start: Callable[[threading.Thread], None] = threading.Thread.start
_run: Callable[[threading.Thread], None] = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]
"""What we patched over, which is not always Python's own."""


def inherit(var: contextvars.ContextVar[Any]) -> None:
    """Threads started where ``var`` is set start with its value from now on, in the whole process. Idempotent."""
    if var not in _inherited:
        _inherited.append(var)


def starter(thread: threading.Thread) -> Part | None:
    """The part whose code started the thread, also where that was a library on its behalf; while it is in memory."""
    reference = _starters.get(thread)
    return reference() if reference is not None else None


def when_over(thread: threading.Thread, tell: Callable[[], None]) -> None:
    """Call ``tell`` on the thread itself when it has run. Never if it has already."""
    _watched[thread] = (*_watched.get(thread, ()), tell)


def _start_with_context(self: threading.Thread) -> None:
    frame = sys._getframe(1)
    known = list(scopes(frame))
    given = [(var, value) for var in _inherited if (value := var.get(_UNSET)) is not _UNSET]
    if known or given:
        context = contextvars.Context()
        if known:
            part = maker(frame)
            context.run(BOUND.set, Inherited(known, part))
            if part is not None:
                _starters[self] = weakref.ref(part)
        for var, value in given:
            context.run(var.set, value)
        _contexts[self] = context
    _start(self)


def _run_in_context(self: threading.Thread) -> None:
    context = _contexts.pop(self, None)
    if context is None:
        _run(self)
    else:
        context.run(_run, self)
    for tell in _watched.pop(self, ()):
        tell()


_UNSET: Any = object()


def install() -> None:
    """Patch `threading.Thread`."""
    global _start, _run  # noqa: PLW0603 - there is one Thread class to patch
    if threading.Thread.start is not _start_with_context:
        _start = threading.Thread.start
    if threading.Thread._bootstrap_inner is not _run_in_context:  # type: ignore[attr-defined]
        _run = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]
    # The one door that every thread passes; mypy dislikes assigning to methods, and to one that typeshed hides.
    threading.Thread.start = _start_with_context  # type: ignore[method-assign]
    threading.Thread._bootstrap_inner = _run_in_context  # type: ignore[attr-defined]


def uninstall() -> None:
    """Take the patch away, unless somebody patched over it: then ours does nothing without managed code."""
    if threading.Thread.start is _start_with_context:
        threading.Thread.start = _start  # type: ignore[method-assign,assignment]
    if threading.Thread._bootstrap_inner is _run_in_context:  # type: ignore[attr-defined]
        threading.Thread._bootstrap_inner = _run  # type: ignore[attr-defined]
