"""What the engine speaks to, pretended: every call is noted, nothing runs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hotd.contract import requests
from hotd.contract.errors import Expired, StoreDegraded
from hotd.contract.views import Change, Event, Finding, RevisionView
from hotd.core.bundle import Bundle
from hotd.core.effects import Decision
from hotd.core.messages import (
    Holder,
    InstanceSpec,
    LoadJob,
    LoadOutcome,
    Logged,
    PartFile,
    Staged,
    Stored,
    Unwritten,
    Written,
)
from hotd.core.records import KeptFailure, Record, Trouble
from hotd.core.values import Actor, InstanceId, Instant, Progress, Spec
from hotd.engine.engine import Engine
from hotd.ports import Code, Sources

R = TypeVar("R")
T = TypeVar("T")


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


@dataclass(slots=True)
class Leaping(Ticking):
    """The same, a while ahead."""

    ahead: float = 0.0

    def now(self) -> Instant:
        now = Ticking.now(self)
        return Instant(now.mono + self.ahead, now.wall + self.ahead)


@dataclass
class FakeLoading:
    """Loads end when a test says so."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    sinks: dict[int, tuple[LoadJob, Callable[[LoadOutcome], None]]] = field(default_factory=dict)
    touched: Collection[str] = ()
    stack: str | None = "File op.py, line 1"
    broken: bool = False
    left: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bundles: dict[int, Bundle | None] = field(default_factory=dict)
    on_promote: Callable[[], None] = field(default=lambda: None)

    def host(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...] = (),
        newest: tuple[int, str] | None = None,
        packages: tuple[str, ...] = (),
    ) -> None:
        self.calls.append(("host", module))

    def respecify(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...],
        packages: tuple[str, ...],
        entered: bool | None = None,
    ) -> None:
        self.calls.append(("respecify", module, keep, entered))

    def unhost(self, module: str) -> None:
        self.calls.append(("unhost", module))

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        self.calls.append(("start", job.module))
        self.sinks[job.id] = job, sink

    def prepare(self, module: str, paths: frozenset[str]) -> None:
        self.calls.append(("prepare", module, paths))

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

    def bundle(self, module: str, number: int) -> Bundle | None:
        return self.bundles.get(number, Bundle(f"{module} g{number}", (module,), ()))

    def code(self, module: str, number: int) -> Code:
        raise KeyError(number)

    def close(self) -> None: ...

    def finish(self, number: int, digest: str, bundle: Bundle | None = None) -> None:
        """The newest load brings a candidate; from a thread of its own, as all loads do."""
        job, sink = self.sinks.pop(max(self.sinks))
        loader = threading.Thread(target=sink, args=(Staged(job, number, digest, (job.module,), 0.1, bundle),))
        loader.start()
        loader.join()


@dataclass
class FakeExecutor:
    """Instances run until a test says otherwise."""

    started: list[InstanceSpec] = field(default_factory=list)
    stopped: list[InstanceId] = field(default_factory=list)
    on_stop: Callable[[InstanceId], None] = field(default=lambda _: None)

    def start(self, spec: InstanceSpec) -> None:
        self.started.append(spec)

    def stop(self, instance: InstanceId) -> None:
        self.stopped.append(instance)
        self.on_stop(instance)

    def progress(self, instance: InstanceId) -> Progress | None:
        return None

    def stack(self, instance: InstanceId) -> str | None:
        return None

    def close(self) -> None: ...


@dataclass
class FakeAdding:
    """Takes what it is asked for as it is."""

    told: list[str] = field(default_factory=list)

    def spec(self, request: requests.Add, actor: Actor) -> Spec:
        return Spec(request.module, request.entry, request.roots or ("/ops",))

    @contextlib.contextmanager
    def coming(self, roots: Iterable[str]) -> Iterator[None]:
        self.told.append(f"coming {' '.join(roots)}")
        yield
        self.watch()

    def watch(self) -> None:
        self.told.append("watch")


class FakeApplying:
    """There is no hotd.toml."""

    def apply(self, request: requests.Apply, actor: Actor) -> Change:
        return Change(None, (), "unchanged")


class FakeExamining:
    """All is well."""

    def examine(self) -> tuple[Finding, ...]:
        return ()


class FakeStore:
    """Keeps what it is given as soon as it is given it, or when a test says so."""

    def __init__(self) -> None:
        self.prompt = True
        self.broken = False
        self.waiting: list[tuple[int, tuple[Record, ...], Callable[[Stored], None], Sources | None]] = []
        self.urgent: list[bool] = []
        """Of each write, whether somebody waits for it."""
        self.records: list[Record] = []
        self.noted: list[Record] = []
        self.readable = True
        self.revisions: tuple[RevisionView, ...] = ()
        self.outcomes: dict[int, Change] = {}
        self.failed: tuple[KeptFailure, ...] = ()
        self.bundles: dict[str, Bundle] = {}

    def write(
        self,
        ticket: int,
        records: Sequence[Record],
        sink: Callable[[Stored], None],
        sources: Sources | None = None,
        *,
        urgent: bool = True,
    ) -> None:
        if self.broken:
            raise ZeroDivisionError("a defect of ours")
        self.waiting.append((ticket, tuple(records), sink, sources))
        self.urgent.append(urgent)
        if self.prompt:
            self.keep()

    def keep(self) -> None:
        """All that waits."""
        while self.waiting:
            ticket, records, sink, _ = self.waiting.pop(0)
            self.records += records
            sink(Written(ticket))

    def log(self) -> None:
        """All that waits outlives the daemon, and is not durable yet."""
        for ticket, _, sink, _ in tuple(self.waiting):
            sink(Logged(ticket))

    def refuse(self, trouble: Trouble) -> None:
        while self.waiting:
            ticket, _, sink, _ = self.waiting.pop(0)
            sink(Unwritten(ticket, trouble))

    def of(self, kind: type[R]) -> list[R]:
        return [record for record in self.records if isinstance(record, kind)]

    def note(self, record: Record) -> None:
        self.noted.append(record)

    def bundle(self, digest: str) -> Bundle:
        if digest not in self._read(self.bundles):
            raise Expired(digest)
        return self.bundles[digest]

    def history(self, module: str | None, before: int, limit: int) -> tuple[RevisionView, ...]:
        return self._read(tuple(one for one in self.revisions if one.revision < before)[:limit])

    def outcome(self, revision: int) -> Change | None:
        return self._read(self.outcomes.get(revision))

    def failures(self, module: str, limit: int) -> tuple[KeptFailure, ...]:
        return self._read(self.failed[-limit:])

    def events(self, after: int, before: int, limit: int) -> tuple[Event, ...]:
        return self._read(tuple(one for one in self.of(Event) if after < one.seq < before)[:limit])

    def _read(self, found: T) -> T:
        if not self.readable:
            raise StoreDegraded("the disk is gone", hint="look at it")
        return found


def caught_up(engine: Engine) -> None:
    """Until the engine has done all that it was told before this, and what follows from it."""
    for _ in range(2):
        engine.ask(lambda book, _: Decision(book))
