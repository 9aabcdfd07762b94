"""An executor on a bench: code that is given, events that can be waited for, output that can be looked at."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import hotd
from hotd.api import Context
from hotd.core.values import EntryKind, Failure, InstanceId
from hotd.ports import InstanceEnded, InstanceEvent, InstanceFailed, InstanceSpec, InstanceStarted
from hotd.workers.threads import ThreadExecutor

BOUND: ContextVar[int] = ContextVar("bound", default=0)
"""The generation that code is bound to, as the loader would do it."""


def _bound() -> Callable[..., Any]:
    """What the loader does around a call, as a frame of the loader's: stacks are shown without those."""
    source = """
def run(generation, fn, *args):
    token = BOUND.set(generation)
    try:
        return fn(*args)
    finally:
        BOUND.reset(token)
"""
    names: dict[str, Any] = {"BOUND": BOUND}
    exec(compile(source, str(Path(hotd.__file__).with_name("loading") / "bound.py"), "exec"), names)
    run: Callable[..., Any] = names["run"]
    return run


bound = _bound()


class PlainCode:
    """The entry of a generation, as the loader gives it out."""

    def __init__(self, target: Callable[..., Any], kind: EntryKind | None = None, generation: int = 1) -> None:
        self.target = target
        self.generation = generation
        if kind is None:
            if isinstance(target, type) and issubclass(target, threading.Thread):
                kind = EntryKind.THREAD
            else:
                kind = EntryKind.ASYNC if inspect.iscoroutinefunction(target) else EntryKind.CALLABLE
        self.kind = kind
        self.run = partial(bound, generation)


class Page:
    """An Output that remembers."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.reports: list[tuple[str, str]] = []

    def ended(self, context: Context) -> None:
        self.closed.append(context.id)

    def report(self, context: Context, text: str) -> None:
        self.reports.append((context.id, text))


class Rig:
    """Starts entries and waits for what becomes of them."""

    def __init__(self, output: Any = None) -> None:
        self.page = Page()
        self.codes: dict[tuple[str, int], PlainCode] = {}
        self.events: list[InstanceEvent] = []
        self._changed = threading.Condition()
        self._started: list[InstanceId] = []
        self._carriers: list[threading.Thread] = []
        self.executor = ThreadExecutor(self._code, self._sink, output or self.page)
        self._count = 0

    def start(
        self,
        target: Callable[..., Any],
        *args: Any,
        kind: EntryKind | None = None,
        generation: int = 1,
        stop_method: str = "",
        **kwargs: Any,
    ) -> InstanceId:
        self._count += 1
        id = InstanceId("long_op", self._count)
        self.codes["long_op", generation] = PlainCode(target, kind, generation)
        before = set(threading.enumerate())
        self.executor.start(InstanceSpec(id, generation, "digest", args, kwargs, stop_method))
        self._started.append(id)
        self._carriers += [t for t in threading.enumerate() if t.name == str(id) and t not in before]
        return id

    def started(self, id: InstanceId) -> None:
        """Wait until its start was told."""
        self._await(lambda: InstanceStarted(id) in self.events, f"start of {id}")

    def end(self, id: InstanceId) -> InstanceEnded | InstanceFailed:
        """Wait for its end."""
        ends: list[InstanceEnded | InstanceFailed] = []

        def told() -> bool:
            ends[:] = [e for e in self.events if e.id == id and isinstance(e, InstanceEnded | InstanceFailed)]
            return bool(ends)

        self._await(told, f"end of {id}")
        return ends[0]

    def failure(self, id: InstanceId) -> Failure:
        end = self.end(id)
        assert isinstance(end, InstanceFailed), end
        return end.failure

    def run(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> list[InstanceEvent]:
        """Start, wait for the end and for the thread; every event of the instance."""
        id = self.start(target, *args, **kwargs)
        self.end(id)
        self.join()
        return [event for event in self.events if event.id == id]

    def join(self) -> None:
        """Every carrier has gone home: nothing can be told any more."""
        for carrier in self._carriers:
            carrier.join(10)
            assert not carrier.is_alive(), carrier

    def close(self) -> None:
        for id in self._started:
            self.executor.stop(id)
        self.join()
        self.executor.close()

    def _code(self, module: str, generation: int) -> PlainCode:
        return self.codes[module, generation]

    def _sink(self, event: InstanceEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def _await(self, predicate: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(predicate, 10), f"no {what}: {self.events}"


async def forever() -> None:
    await asyncio.Event().wait()
