"""Threads, timers and child processes that run code of certain parts, or that their code started."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import partial
from types import FrameType
from typing import Any

from hotd import stacks
from hotd.core.marks import plain
from hotd.loading.imports.part import EXECUTING, Part
from hotd.loading.imports.threads import starter
from hotd.loading.outside.registries import Holder
from hotd.loading.outside.whose import Whose, named, of_frame, quoted


def running(whose: Whose) -> Iterator[tuple[threading.Thread | None, Holder]]:
    """Each with its thread, where it is one that `threading` knows.

    The thread that asks is left out, and so are those that execute one of the parts: that is a load in progress.
    """
    frames = stacks.of_threads()
    left_out = {threading.get_ident(), *(part.owner for part in whose.parts if part.state is EXECUTING)}
    for thread in threading.enumerate():
        stack = frames.pop(thread.ident or 0, [])
        if thread.ident not in left_out:
            found = _of_thread(whose, thread, stack)
            if found is not None:
                yield thread, found
    for ident, stack in frames.items():
        if ident not in left_out and (place := _place(whose, stack)):
            yield None, Holder(f"a thread that threading does not know, in {place}")
    for child in _children():
        if whose.owns(child) or whose.owns(vars(child).get("_target")):
            yield None, Holder(f"child process {quoted(child.name)}, pid {child.pid}")


def _of_thread(whose: Whose, thread: threading.Thread, stack: list[FrameType]) -> Holder | None:
    own: dict[str, Any] = object.__getattribute__(thread, "__dict__")
    held = [own.get("_target"), own.get("function"), *_each(own.get("_args")), *_each(own.get("args"))]
    held += [*_each(own.get("_kwargs")), *_each(own.get("kwargs"))]
    place = _place(whose, stack)
    refers = bool(place) or whose.owns(thread) or any(whose.owns(one) for one in held)
    if not refers and starter(thread) not in whose.parts:
        return None
    if isinstance(thread, threading.Timer):
        if own["finished"].is_set():
            return None  # cancelled, or done: it ends now
        what = f"timer {quoted(own['_name'])} for {named(own['function'])}"
        return Holder(what, partial(threading.Timer.cancel, thread), refers)
    return Holder(_standing(thread, place or _top(stack)), None, refers)


def placed(thread: threading.Thread) -> str:
    """The phrase for a thread, whoever's it is."""
    return _standing(thread, _top(stacks.of_thread(thread.ident)))


def _standing(thread: threading.Thread, place: str) -> str:
    name = quoted(object.__getattribute__(thread, "__dict__")["_name"])
    return f"thread {name}, in {place}" if place else f"thread {name}, which has not begun"


def idle_worker(thread: threading.Thread, holder: Holder) -> bool:
    """Whether it waits for work of a pool, which may be anybody's: who had it started cannot tell whose the pool is."""
    workers: Any = getattr(sys.modules.get("concurrent.futures.thread"), "_threads_queues", ())
    return not holder.refers and thread in workers


def _each(many: Any) -> Iterator[Any]:
    if type(many) is dict:
        yield from many.values()
    elif type(many) in (tuple, list):
        yield from many


def _place(whose: Whose, stack: list[FrameType]) -> str:
    """Where it stands in their code, innermost; empty when it runs none of it."""
    for frame in stack:
        part: Part | None = of_frame(frame)
        if part is not None and part in whose.parts:
            return _line(frame)
    return ""


def _top(stack: list[FrameType]) -> str:
    return _line(stack[0]) if stack else ""


def _line(frame: FrameType) -> str:
    return f"{plain(frame.f_code.co_filename)}:{frame.f_lineno} {frame.f_code.co_name}"


def _children() -> list[Any]:
    found: Any = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
    return [one for one in tuple(found) if one.exitcode is None]
