"""The protocols through which the engine speaks to the rooms around it, and the plain values that cross them.

The engine decides; adapters act and report back by calling the sink they were given, from whatever thread they are
on. A sink only enqueues, so calling it never blocks.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hotd.contract.requests import Request
from hotd.contract.verbs import Verb
from hotd.core.values import Actor, EntryKind, Failure, InstanceId, Instant, Progress


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> Instant: ...


# --- loading ---------------------------------------------------------------------------------------------------------


class LoadKind(enum.Enum):
    """What a load job is for."""

    STAGE = "stage"
    """Load a candidate and keep it until it is promoted or discarded."""
    CHECK = "check"
    """Load, run the module's checks, throw away. Consumes no number."""
    PLAN = "plan"
    """Execute nothing; tell what a reload would execute again, and whether the disk differs from current."""


@dataclass(frozen=True, slots=True)
class LoadJob:
    """One load of one module. Jobs of different modules run beside each other, those of one module never do."""

    id: int
    module: str
    entry: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    kind: LoadKind
    changed: frozenset[str] | None = None
    """Absolute paths to look at; None looks at every file of the closure."""
    avoid: frozenset[str] = frozenset()
    """Digests that must not be executed (quarantine)."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A candidate exists and waits under ``number``."""

    job: LoadJob
    number: int
    digest: str
    reloaded: tuple[str, ...]
    duration: float


@dataclass(frozen=True, slots=True)
class Checked:
    """A CHECK found nothing wrong."""

    job: LoadJob
    digest: str
    reloaded: tuple[str, ...]
    duration: float


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The disk holds what is current."""

    job: LoadJob
    digest: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The answer to a PLAN."""

    job: LoadJob
    digest: str
    differs: bool
    executed: tuple[tuple[str, str], ...]
    """(part, why) in the order of execution."""
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Avoided:
    """The content is one of ``job.avoid``; nothing was executed."""

    job: LoadJob
    digest: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """No candidate; ``code`` is that of a LoadRejected of the contract."""

    job: LoadJob
    digest: str
    code: str
    message: str
    hint: str | None
    file: str | None
    line: int | None
    traceback: str | None
    duration: float


LoadOutcome = Staged | Checked | Unchanged | Planned | Avoided | Rejected


@dataclass(frozen=True, slots=True)
class PartFile:
    """One part of a loaded closure: what ``modules`` lists."""

    part: str
    file: str
    digest: str


class Loading(Protocol):
    """Loads and keeps generations. Everything but ``start`` is a look-up or a pointer swap and returns at once."""

    def host(self, module: str, roots: tuple[str, ...], first_number: int) -> None:
        """Make room for a module's line of generations."""

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        """Run the job on a thread of its own; exactly one outcome reaches the sink."""

    def abandon(self, job: int) -> str | None:
        """Stop caring for a job: a candidate that it may still bring is thrown away. The stack it stands in now."""

    def promote(self, module: str, number: int) -> None:
        """Make a candidate, or a generation still in memory, the current one: one reference is swapped."""

    def discard(self, module: str, number: int) -> None:
        """Throw a candidate away."""

    def retire(self, module: str, number: int) -> None:
        """Drop a generation from memory (whoever still holds objects of it keeps those)."""

    def touched_by(self, module: str, paths: frozenset[str]) -> bool:
        """Whether any of the absolute paths may matter to the module. No I/O."""

    def closure(self, module: str) -> tuple[PartFile, ...]:
        """The parts of the current generation; empty where there is none."""

    def code(self, module: str, number: int) -> Code:
        """The entry of a generation in memory, for whoever runs an instance of it. KeyError when it is gone."""

    def close(self) -> None: ...


class Code(Protocol):
    """The entry of one generation, ready to run."""

    @property
    def kind(self) -> EntryKind: ...
    @property
    def target(self) -> Callable[..., Any]: ...
    def run(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Call ``fn`` so that whatever it imports or resolves by name finds this generation."""


# --- instances -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What an executor needs to run one instance. Plain data: it may travel to another process."""

    id: InstanceId
    generation: int
    digest: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    stop_method: str = ""


@dataclass(frozen=True, slots=True)
class InstanceStarted:
    id: InstanceId


@dataclass(frozen=True, slots=True)
class InstanceEnded:
    """It returned, or stopped because it was asked to."""

    id: InstanceId


@dataclass(frozen=True, slots=True)
class InstanceFailed:
    id: InstanceId
    failure: Failure


InstanceEvent = InstanceStarted | InstanceEnded | InstanceFailed


class Executor(Protocol):
    """Runs instances. For every ``start`` exactly one InstanceEnded or InstanceFailed follows, however it ends."""

    def start(self, spec: InstanceSpec) -> None:
        """Start one instance on a thread (or process) of its own; returns before user code runs."""

    def stop(self, instance: InstanceId) -> None:
        """Ask it to end at its next checkpoint. Asking twice, or after its end, does nothing."""

    def progress(self, instance: InstanceId) -> Progress | None: ...

    def stack(self, instance: InstanceId) -> str | None:
        """The Python stack it stands in now, plain paths; None when it is not running."""

    def close(self) -> None: ...


# --- watching --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed on disk between two quiet moments."""

    paths: frozenset[str]
    """Absolute paths of files that were written, moved in, created or deleted."""


class Watcher(Protocol):
    def start(self) -> None: ...
    def close(self) -> None: ...
    def describe(self) -> Mapping[str, Any]:
        """For status: ``backend``, ``folders``."""


# --- control ---------------------------------------------------------------------------------------------------------


class Desk(Protocol):
    """Answers verbs. Called from the threads of the control port, many at once."""

    def ask(self, verb: Verb, request: Request, actor: Actor) -> Any:
        """The view of ``verb.answer``. Raises HotdError. Parks at most ``request.max_wait`` where there is one."""
