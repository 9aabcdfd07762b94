"""Running the body of a part, once, whoever asks first; everybody else waits for that one part and no other.

The rules are those of CPython's module locks: the thread that executes a part may meet it again (an import cycle) and
gets it half-done; another thread waits; and where waiting would close a circle of threads, it too gets it half-done.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Sequence
from types import ModuleType

from hotd.loading import forks
from hotd.loading.imports.internal import internal
from hotd.loading.imports.part import DONE, EXECUTING, NEW, Part, State
from hotd.loading.imports.submodules import bind

_lock = threading.RLock()
"""One for all parts: it guards states and ``_waiting``, and is not held while a body runs.

Re-entrant, because the garbage collector may run a user's ``__del__`` anywhere, and that may import something.
"""
_changed = threading.Condition(_lock)
_waiting: dict[int, Part] = {}
"""Thread -> the part it waits for."""
_executing: set[Part] = set()
_order = itertools.count(1)


def _alone() -> None:
    """In a forked child: what other threads were executing is in nobody's hands any more, and begins afresh."""
    _waiting.clear()
    for part in tuple(_executing):
        if part.owner != threading.get_ident():
            _settle(part, NEW)


forks.renew(sys.modules[__name__], "_lock", threading.RLock)
forks.renew(sys.modules[__name__], "_changed", lambda: threading.Condition(_lock))
forks.then(_alone)


@internal
def execute(part: Part) -> ModuleType:
    """The part's module, executed now if nobody did; half-done where only that avoids a deadlock.

    Whatever the body raises comes out, and the part is as it was before: the next import tries with a fresh module.
    """
    if part.state is DONE and part.module is not None:
        return part.module
    me = threading.get_ident()
    while True:
        module = part.home.fresh_module(part) if part.state is NEW else None
        with _lock:
            if part.state is not NEW:
                if part.module is not None and (part.state is DONE or _would_deadlock(me, part)):
                    return part.module
                _wait_for(part, me)
            elif module is not None:
                part.state, part.owner, part.module = EXECUTING, me, module
                part.began = next(_order)
                _executing.add(part)
                break
    try:
        _run(part, module)
    except BaseException:
        _settle(part, NEW)
        raise
    _settle(part, DONE)
    assert part.module is not None
    return part.module


@internal
def execute_chain(chain: Sequence[Part]) -> ModuleType:
    """Execute the packages on the way, then the part itself: what ``import a.b.c`` does. The module of the last.

    Each becomes an attribute of the package above it.
    """
    above: Part | None = None
    module: ModuleType | None = None
    for part in chain:
        module = execute(part)
        if above is not None:
            bind(above, part, module)
        above = part
    assert module is not None, "an import names something"
    return module


def _wait_for(part: Part, me: int) -> None:
    _waiting[me] = part
    try:
        _changed.wait()
    finally:
        del _waiting[me]


def _would_deadlock(me: int, part: Part) -> bool:
    """Whether the thread that executes ``part`` waits, through any number of others, for this one."""
    seen = set[int]()
    while part.state is EXECUTING:
        if part.owner == me:
            return True
        if part.owner in seen or part.owner not in _waiting:
            return False
        seen.add(part.owner)
        part = _waiting[part.owner]
    return False


@internal
def _run(part: Part, module: ModuleType) -> None:
    source = part.source
    if source is None:
        return
    code = source.code  # what is no code has no lines to be shown
    if not source.shown:
        source.show(part.name)
    try:
        exec(code, module.__dict__)
    finally:
        # `sys.modules[__name__] = obj` is how a module replaces itself: obj is the module then, and what stands in
        # for every generation of it goes back to its place.
        replaced = sys.modules.get(part.name, part.standin)
        if part.standin is not None and replaced is not part.standin:
            sys.modules[part.name] = part.standin
            if replaced is not None:
                part.module, part.replaced = replaced, True


def _settle(part: Part, state: State) -> None:
    with _lock:
        if state is NEW:
            part.module, part.replaced, part.bound = None, False, frozenset()
        else:
            part.finished = next(_order)
            part.ready = part.module if "." not in part.name else None
        part.state, part.owner = state, 0
        _executing.discard(part)
        if _waiting:
            _changed.notify_all()


def finished_by_now() -> int:
    """A mark: parts executed from here on have a higher ``finished``."""
    return next(_order)
