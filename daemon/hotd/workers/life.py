"""One instance from start to end, and what of the user's it holds meanwhile."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from hotd import stacks
from hotd.api import CURRENT, Context
from hotd.core import border
from hotd.core.border import Raised
from hotd.ports import Code, InstanceSpec


@dataclass(slots=True, eq=False)
class Life:
    """One instance from start to end. What is the user's in here is dropped before the end is told."""

    spec: InstanceSpec
    context: Context
    carrier: threading.Thread | None = None
    code: Code | None = None
    thread: threading.Thread | None = None
    """The user's own, where the entry is a Thread subclass."""
    task: asyncio.Task[Any] | None = None
    raised: Raised | None = None
    """How the run of ``thread`` ended, when it raised."""
    constructing: bool = False
    """The constructor of ``thread`` is at work."""
    strays: list[tuple[weakref.ref[threading.Thread], Raised]] = field(default_factory=list)
    """Failures of threads born in the constructor of ``thread``: any of them may turn out to be ``thread``."""
    stop_method_called: threading.Lock = field(default_factory=threading.Lock)
    """Locked for good by whoever calls it: an Event cannot be tested and set in one step."""

    def claim(self, thread: threading.Thread) -> Raised | None:
        """How the thread failed, where that happened before anybody knew that it is the one. Once."""
        for stray in self.strays:
            if stray[0]() is thread:
                self.strays.remove(stray)
                return stray[1]
        return None

    def stack(self) -> str | None:
        """Where the user's code stands; None while nothing of it is on a stack."""
        thread, task = self.thread, self.task
        ident = ident_of(thread) if thread is not None else None
        if ident is None and self.carrier is not None:
            ident = self.carrier.ident
        # A loop may be busy with another task than the one it was made for: what runs comes before what waits.
        running = _stack_of(ident)
        return running or (border.stack_text(_awaits(task.get_coro())) if task is not None else None)

    def drop(self) -> None:
        self.code = self.thread = self.task = None


def accompany(life: Life, code: Code, thread: threading.Thread) -> None:
    """Have the thread's ``run`` begin in our company: bound to its instance and generation, its failure noted.

    Before Python 3.14 a thread inherits no context variables. ``run`` on the object hides that of the class until it
    is called, then it takes itself away: while the user's code runs, the object is as its class made it.
    """
    own = vars(thread)
    before = own.get("run")

    def run() -> None:
        if before is None:
            del own["run"]
        else:
            own["run"] = before
        if CURRENT.get() is not life.context:  # the loader's patch of Thread.start has not been here
            CURRENT.set(life.context)
        try:
            code.run(thread.run)
        except BaseException as error:
            # Noted here and not in the hook alone: user code may have put another hook there. Then on to the hook,
            # as that may be what they want to see it.
            life.raised = border.raised(error)
            raise

    own["run"] = run


def ident_of(thread: threading.Thread) -> int | None:
    """Its number once it was really started, whatever its class makes of ``ident`` and ``is_alive``."""
    try:
        ident: int | None = threading.Thread.ident.fget(thread)  # type: ignore[attr-defined]  # a property
    except (AssertionError, AttributeError):  # it never called super().__init__(); with and without python -O
        return None
    return ident


def _stack_of(ident: int | None) -> str | None:
    stack = stacks.of_thread(ident)
    try:
        return border.stack_text(stacks.from_outside(stack)) if stack else None
    finally:
        stack.clear()  # it may be our own caller's: a cycle that keeps whatever they hold


def _awaits(awaited: Any) -> Iterator[tuple[FrameType, int]]:
    """The frames of a suspended coroutine and of what it awaits, from the outside in.

    It may go on while we look: each look takes what is there, and a coroutine that ended has no frame. Where an
    ``async for`` stands the chain ends: CPython does not tell which generator it is in.
    """
    for _ in range(1_000):
        looked = border.call(_look_at, awaited)  # what is like a coroutine may call the user's code for its attributes
        if isinstance(looked, Raised) or looked.value is None:
            return
        frame, awaited = looked.value
        if type(frame) is FrameType:
            yield frame, frame.f_lineno


def _look_at(awaited: Any) -> tuple[object, Any] | None:
    """Its frame, and what it awaits; None where it is no coroutine: a future, most likely."""
    if hasattr(type(awaited), "cr_frame"):
        return stacks.of_suspended(awaited), awaited.cr_await
    if hasattr(type(awaited), "gi_frame"):
        return stacks.of_suspended(awaited), awaited.gi_yieldfrom
    return None
