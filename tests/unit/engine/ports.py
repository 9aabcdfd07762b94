"""What the engine speaks to, pretended: every call is noted, nothing runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from hotd.core.effects import Decision
from hotd.core.messages import Holder, InstanceSpec, LoadJob, LoadOutcome, PartFile, Staged
from hotd.core.values import InstanceId, Instant, Progress
from hotd.engine.engine import Engine
from hotd.ports import Code


class Ticking:
    """The clock of this machine: an engine that waits for a deadline waits in real time."""

    def now(self) -> Instant:
        return Instant(time.monotonic(), time.time())


@dataclass(slots=True)
class Counting(Ticking):
    """How often somebody looked."""

    looks: int = 0

    def now(self) -> Instant:
        self.looks += 1
        return Ticking.now(self)


@dataclass
class FakeLoading:
    """Loads end when a test says so."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    sinks: dict[int, tuple[LoadJob, Callable[[LoadOutcome], None]]] = field(default_factory=dict)
    touched: Collection[str] = ()
    stack: str | None = "File op.py, line 1"
    broken: bool = False
    left: dict[str, tuple[str, ...]] = field(default_factory=dict)
    on_promote: Callable[[], None] = field(default=lambda: None)

    def host(self, module: str, roots: tuple[str, ...], first_number: int, keep: tuple[str, ...] = ()) -> None:
        self.calls.append(("host", module))

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        self.calls.append(("start", job.module))
        self.sinks[job.id] = job, sink

    def abandon(self, job: int) -> str | None:
        self.calls.append(("abandon", job))
        return self.stack

    def promote(self, module: str, number: int) -> None:
        self.on_promote()
        if self.broken:
            raise KeyError(number)
        self.calls.append(("promote", module, number))

    def discard(self, module: str, number: int) -> None:
        self.calls.append(("discard", module, number))

    def left_behind(self, module: str) -> tuple[str, ...]:
        return self.left.get(module, ())

    def retire(self, module: str, number: int) -> None:
        self.calls.append(("retire", module, number))

    def holders(self, module: str, number: int, within: float) -> tuple[Holder, ...]:
        return ()

    def touched_by(self, module: str, paths: frozenset[str]) -> bool:
        return module in self.touched

    def closure(self, module: str) -> tuple[PartFile, ...]:
        return ()

    def code(self, module: str, number: int) -> Code:
        raise KeyError(number)

    def close(self) -> None: ...

    def finish(self, number: int, digest: str) -> None:
        """The newest load brings a candidate; from a thread of its own, as all loads do."""
        job, sink = self.sinks.pop(max(self.sinks))
        loader = threading.Thread(target=sink, args=(Staged(job, number, digest, (job.module,), 0.1),))
        loader.start()
        loader.join()


@dataclass
class FakeExecutor:
    """Instances run until a test says otherwise."""

    started: list[InstanceSpec] = field(default_factory=list)
    stopped: list[InstanceId] = field(default_factory=list)

    def start(self, spec: InstanceSpec) -> None:
        self.started.append(spec)

    def stop(self, instance: InstanceId) -> None:
        self.stopped.append(instance)

    def progress(self, instance: InstanceId) -> Progress | None:
        return None

    def stack(self, instance: InstanceId) -> str | None:
        return None

    def close(self) -> None: ...


def caught_up(engine: Engine) -> None:
    """Until the engine has done all that it was told before this, and what follows from it."""
    for _ in range(2):
        engine.ask(lambda book, _: Decision(book))
