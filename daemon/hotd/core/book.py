"""The book: everything the daemon knows of what it hosts, as one immutable value.

The engine's thread is the only writer, and writes by swapping one reference; whoever answers a reader takes the
reference and needs no lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from hotd.contract.errors import UnknownModule
from hotd.contract.nearest import nearest
from hotd.contract.views import Change, ErrorView, ModuleChange
from hotd.core.messages import LoadKind
from hotd.core.values import Actor, Failure, InstanceId, Instant, Spec

K = TypeVar("K")
V = TypeVar("V")


# --- phases: a state carries the facts true in it, and no others ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """Loaded aside; serves nobody."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Current:
    """What new instances get."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Draining:
    """Gets no new instances; the running ones finish."""

    since: Instant
    deadline: float
    """Monotonic seconds."""
    stalled: bool = False
    """The deadline passed, and was told."""


@dataclass(frozen=True, slots=True)
class Standby:
    """Nobody runs it; loaded for an instant undo."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Retired:
    """Gone from memory; the record stays."""

    since: Instant


Phase = Candidate | Current | Draining | Standby | Retired


@dataclass(frozen=True, slots=True)
class Generation:
    number: int
    digest: str
    phase: Phase
    cause: str
    actor: str
    created: Instant
    duration_ms: float
    verdict: str = "none"
    """none, promoted, superseded, aborted, rolled-back"""

    @property
    def in_memory(self) -> bool:
        return not isinstance(self.phase, Retired)


@dataclass(frozen=True, slots=True)
class Instance:
    id: InstanceId
    generation: int
    state: Literal["starting", "running", "stopping", "abandoned"]
    started: Instant
    leaving: bool = False
    """It shall end; asked when ``max_unavailable`` allows."""

    @property
    def counts(self) -> bool:
        """Whether it takes a place: an abandoned one is listed and no longer counted."""
        return self.state != "abandoned"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that could not be loaded."""

    digest: str
    error: ErrorView
    at: Instant
    cause: str
    actor: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class FailureRecord:
    at: Instant
    generation: int | None
    instance: str | None
    error: ErrorView


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast ended instances are replaced: ends within a second of the start slow it down, doubling each time."""

    quick_ends: int = 0
    not_before: float = 0.0
    """Monotonic seconds."""
    failing: bool = False
    """Whether the last of the quick ends was a failure."""


@dataclass(frozen=True, slots=True)
class Module:
    """A hosted unit of user code and all that is known of it."""

    spec: Spec
    replicas: int
    stopped: bool = False
    paused: bool = False
    generations: Mapping[int, Generation] = field(default_factory=dict)
    current: int | None = None
    line: tuple[int, ...] = ()
    """The stable generations in the order they became current, ending with current; ``undo`` walks it back."""
    instances: Mapping[int, Instance] = field(default_factory=dict)
    next_instance: int = 1
    finished: int = 0
    """Places whose work is done for good (``restart`` is never or on-failure)."""
    pace: Pace = Pace()
    rejection: Rejection | None = None
    """The newest edit was refused; None as soon as another loads."""
    rejections: tuple[Rejection, ...] = ()
    quarantine: Mapping[str, str] = field(default_factory=dict)
    """digest -> ``rejected`` or ``undone``: what the watcher must not load."""
    pending: frozenset[str] = frozenset()
    """Paths that changed and were not acted on yet: paused, manual, or a rollout is in flight."""
    differs: bool = False
    """The disk is known to hold something else than current."""
    failures: tuple[FailureRecord, ...] = ()
    errors: int = 0
    reloads: int = 0

    @property
    def name(self) -> str:
        return self.spec.name

    def count(self, generation: int) -> int:
        """Living instances of one generation."""
        return sum(1 for instance in self.instances.values() if instance.generation == generation and instance.counts)

    @property
    def alive(self) -> int:
        return sum(1 for instance in self.instances.values() if instance.counts)

    @property
    def on_current(self) -> int:
        return 0 if self.current is None else self.count(self.current)

    @property
    def loaded(self) -> list[Generation]:
        """What is in memory, oldest first."""
        return [generation for generation in self.generations.values() if generation.in_memory]


# --- rollouts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queued:
    """Waits until no other rollout holds one of its modules."""


@dataclass(frozen=True, slots=True)
class InLoad:
    job: int
    deadline: float
    """Monotonic seconds."""
    again: int = 0
    """How often newer content superseded what this job was loading."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The candidate waits for the other members of an atomic rollout."""

    number: int
    digest: str
    reloaded: tuple[str, ...]
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Settled:
    change: ModuleChange
    digest: str = ""


Member = Queued | InLoad | Ready | Settled


@dataclass(frozen=True, slots=True)
class Rollout:
    """A change in progress. Its revision is its number in the history."""

    revision: int
    kind: LoadKind
    cause: str
    actor: Actor
    started: Instant
    members: Mapping[str, Member]
    atomic: bool = False
    force: bool = False
    by_watch: bool = False
    skips: bool = False
    """``--all``: a module that would have to be refused is skipped."""
    quiet: bool = False
    """By the daemon for itself (the look at the disk while paused): leaves no trace in the history."""

    def holds(self, module: str) -> bool:
        """Whether the module is part of it and not settled yet."""
        member = self.members.get(module)
        return member is not None and not isinstance(member, Settled)


@dataclass(frozen=True, slots=True)
class Revision:
    """An entry of the history."""

    revision: int
    at: Instant
    cause: str
    actor: str
    change: Change
    duration_ms: float
    listed: bool = True
    """Whether ``history`` shows it; checks and plans only answer ``outcome``."""


@dataclass(frozen=True, slots=True)
class Stopping:
    since: Instant
    deadline: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Book:
    modules: Mapping[str, Module]
    started: Instant
    max_instances: int = 64
    paused: bool = False
    rollouts: Mapping[int, Rollout] = field(default_factory=dict)
    history: tuple[Revision, ...] = ()
    next_revision: int = 1
    next_job: int = 1
    stopping: Stopping | None = None
    degraded: Mapping[str, tuple[str, Instant]] = field(default_factory=dict)
    """Conditions of the daemon itself: type -> (message, since)."""

    def module(self, name: str) -> Module:
        """Raises UnknownModule, with the nearest name."""
        try:
            return self.modules[name]
        except KeyError:
            raise unknown_module(name, self.modules) from None

    def having(self, module: Module) -> Book:
        return replace(self, modules={**self.modules, module.name: module})

    @property
    def alive(self) -> int:
        return sum(module.alive for module in self.modules.values())

    def in_flight(self, module: str) -> Rollout | None:
        """The rollout that holds the module: of all that wait for it or load it, the oldest."""
        return next((rollout for rollout in self.rollouts.values() if rollout.holds(module)), None)

    def held(self, module: Module) -> bool:
        """Whether file changes are only recorded."""
        return self.paused or module.paused or module.spec.watch == "manual"


def unknown_module(name: str, known: Mapping[str, Any]) -> UnknownModule:
    near = nearest(name, known)
    return UnknownModule(
        f"no module {name!r} is hosted here",
        hint=f"did you mean {near!r}?" if near else f"hosted: {', '.join(sorted(known)) or 'none'}",
    )


def open_book(specs: tuple[Spec, ...], *, now: Instant, max_instances: int) -> Book:
    modules = {spec.name: Module(spec, spec.replicas) for spec in specs}
    return Book(modules, now, max_instances)


def without(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    return {k: v for k, v in mapping.items() if k != key}


def bounded(items: tuple[V, ...], item: V, most: int) -> tuple[V, ...]:
    """``items`` with one more at the end, and at most the newest ``most`` of them."""
    return (*items, item)[-most:]


def error_of(failure: Failure) -> ErrorView:
    return ErrorView(
        "raised",
        f"{failure.kind}: {failure.message}" if failure.message else failure.kind,
        None,
        failure.file,
        failure.line,
        failure.traceback,
    )
