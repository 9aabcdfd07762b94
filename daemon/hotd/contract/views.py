"""What the daemon answers: immutable values whose fields are, name for name, the stable JSON of the interface.

Fields may be added, never renamed. Times are RFC 3339 in UTC, durations seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Health = Literal["Healthy", "Progressing", "Degraded"]
Watch = Literal["auto", "paused", "manual"]


@dataclass(frozen=True, slots=True)
class ErrorView:
    """An ERROR of the interface."""

    code: str
    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    traceback: str | None = None
    left: tuple[str, ...] = ()
    """Of a rejected load: what it left behind in the process, a sentence each: taken away, or still there."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something beside the state that a user should know: OutOfSync, NotServing, Stalled, …"""

    type: str
    reason: str
    message: str
    since: str


@dataclass(frozen=True, slots=True)
class RejectedView:
    """The news about the last edit that could not be loaded."""

    digest: str
    reason: str
    message: str
    file: str | None
    line: int | None
    at: str


@dataclass(frozen=True, slots=True)
class Serving:
    """Instances on the current generation, and on all others."""

    current: int
    old: int


@dataclass(frozen=True, slots=True)
class GenerationCount:
    """One generation in memory, as ``status`` counts it."""

    generation: int
    state: str
    instances: int


@dataclass(frozen=True, slots=True)
class ModuleView:
    """A MODULE of the interface."""

    name: str
    entry: str
    health: Health
    conditions: tuple[Condition, ...]
    generation: int | None
    permanent: int | None
    digest: str | None
    watch: Watch
    pinned: bool
    out_of_sync: bool
    replicas: int
    surge: int
    serving: Serving
    rejected: RejectedView | None
    generations: tuple[GenerationCount, ...]
    loaded_at: str | None = None
    """When the current generation became current."""
    reloads: int = 0
    errors: int = 0
    """Failures of instances and loads since the daemon started."""
    stopped: bool = False
    """``hotctl stop`` holds until ``hotctl start``."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """What hotd.toml says where somebody decided otherwise at run time; ``hotctl reset`` returns to it."""
    added: bool = False
    """By ``hotctl add``: hotd.toml knows nothing of it."""
    leaving: bool = False
    """``hotctl remove``: it goes as soon as its instances have ended."""
    moved: str = ""
    """What current runs over that is another than when it was new: ``pydantic 2.7 -> 2.9 since g3``."""
    paused_until: str | None = None
    """When the pause of this module ends by itself."""


@dataclass(frozen=True, slots=True)
class DaemonView:
    pid: int
    version: str
    protocol: int
    started_at: str
    uptime_s: float
    watch: Watch
    health: Health
    conditions: tuple[Condition, ...]
    socket: str
    seq: int
    watching: dict[str, Any] = field(default_factory=dict)
    """How changes of files are seen. ``backend`` ("inotify", "polling"); how many ``folders`` are watched; how many may
    be (``limit``, null where nothing says); how many should be and are not (``unwatched``); how often the kernel
    dropped events (``overflows``); the time of the ``last_event`` that mattered, or null; how many files have changed
    and not settled yet (``pending``); which folders are ``polled`` because of their file system, and its type; seconds
    of a ``round``, within which all that is polled is looked at, null where nothing is."""
    paused_until: str | None = None
    """When the pause of all modules ends by itself."""


@dataclass(frozen=True, slots=True)
class Status:
    daemon: DaemonView
    modules: tuple[ModuleView, ...]


@dataclass(frozen=True, slots=True)
class PartView:
    part: str
    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class HostedModule(ModuleView):
    """MODULE with what it is made of."""

    roots: tuple[str, ...] = ()
    closure: tuple[PartView, ...] = ()


@dataclass(frozen=True, slots=True)
class Modules:
    modules: tuple[HostedModule, ...]

    def __iter__(self) -> Iterator[HostedModule]:
        return iter(self.modules)

    def __len__(self) -> int:
        return len(self.modules)


@dataclass(frozen=True, slots=True)
class ProgressView:
    done: float
    total: float | None
    note: str


@dataclass(frozen=True, slots=True)
class InstanceView:
    id: str
    module: str
    generation: int
    state: str
    started_at: str
    age_s: float
    progress: ProgressView | None
    current: bool = True
    """Whether its generation is the module's current one."""
    on_demand: bool = False
    """Started by ``hotctl run``, beside the replicas."""


@dataclass(frozen=True, slots=True)
class Instances:
    instances: tuple[InstanceView, ...]

    def __iter__(self) -> Iterator[InstanceView]:
        return iter(self.instances)

    def __len__(self) -> int:
        return len(self.instances)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the code below one source root came from when it was read."""

    root: str
    target: str | None = None
    """Where the root leads, if it is a link or lies behind one."""
    commit: str | None = None
    """Of the git repository it lies in: the one that was checked out, whatever was edited since."""


@dataclass(frozen=True, slots=True)
class GenerationView:
    generation: int | None
    """None for a load that was rejected: it never got a number."""
    state: str
    verdict: str
    digest: str
    cause: str
    actor: str
    created_at: str
    instances: int
    error: ErrorView | None
    duration_ms: float | None = None
    leaked: tuple[str, ...] = ()
    """Of one that was retired: the parts whose code is in memory all the same."""
    reloaded: tuple[str, ...] = ()
    """The parts that were executed for it, in that order; the others it has in common with the one before."""
    origins: tuple[Origin, ...] = ()
    """Of the roots of which something is known."""


@dataclass(frozen=True, slots=True)
class Generations:
    module: str
    generations: tuple[GenerationView, ...]

    def __iter__(self) -> Iterator[GenerationView]:
        return iter(self.generations)

    def __len__(self) -> int:
        return len(self.generations)


@dataclass(frozen=True, slots=True)
class RevisionModule:
    """What one rollout did to one module; ``from`` is ``previous`` here because Python reserves the word."""

    module: str
    previous: int | None
    to: int | None
    reloaded: tuple[str, ...] = ()
    """The parts that were executed, in that order."""


@dataclass(frozen=True, slots=True)
class RevisionView:
    revision: int
    at: str
    modules: tuple[RevisionModule, ...]
    outcome: str
    cause: str
    actor: str
    duration_ms: float | None
    commit: str | None = None
    """Of the first root that lies in a git repository."""
    origins: tuple[Origin, ...] = ()
    """What was on disk, or where that came from which was brought back: of the roots of which something is known."""


@dataclass(frozen=True, slots=True)
class History:
    revisions: tuple[RevisionView, ...]

    def __iter__(self) -> Iterator[RevisionView]:
        return iter(self.revisions)

    def __len__(self) -> int:
        return len(self.revisions)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file that is not the same in two generations."""

    path: str
    """Below its root, with ``/`` between."""
    root: str | None
    """None where the module has that root no more."""
    change: Literal["added", "removed", "changed"]
    before: int | None
    """Bytes; None where there was no such file."""
    after: int | None
    diff: str | None
    """Unified, with three lines around each change; None where the file is no text, or too long for it."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What tells one generation's sources from another's, in the order of roots and paths."""

    module: str
    previous: int
    to: int
    files: tuple[FileDiff, ...]
    moved: str = ""
    """Versions that are others: ``pydantic 2.7 -> 2.9 since g3``."""

    def __iter__(self) -> Iterator[FileDiff]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """One part a reload would execute again, and why."""

    part: str
    why: str
    keep: bool = False
    """It is kept: a reload that would execute it again is refused."""


@dataclass(frozen=True, slots=True)
class SharedParts:
    """Parts that are the same objects in another hosted module."""

    module: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One thing that hotd.toml says otherwise than before."""

    key: str
    """As a path: ``watch.settle``, ``modules.long_op.replicas``; of a module that comes or goes ``modules.long_op``."""
    effect: str
    """``now``; ``new-instances``: for those that start from now on; ``restart``: not before the daemon is restarted;
    ``added``, ``removed``."""
    before: Any = None
    """None also where the values are not shown: what instances are called with."""
    after: Any = None


SUCCEEDED = frozenset({"promoted", "unchanged", "undone", "done", "checked", "planned", "skipped", "staged"})
"""Outcomes of a change that did what was asked for."""


@dataclass(frozen=True, slots=True)
class ModuleChange:
    module: str
    outcome: str
    """promoted, unchanged, rejected, refused, rolled-back, undone, staged, checked, planned, skipped, done,
    in-flight, interrupted (the daemon died before it was done)"""
    generation: int | None
    previous: int | None
    reloaded: tuple[str, ...]
    serving: Serving
    duration_ms: float
    error: ErrorView | None = None
    plan: tuple[PlannedPart, ...] = ()
    """With ``--dry-run``: what would be executed again; the rest of the closure is ``kept``. A plan with an outcome of
    ``refused`` is what a reload would be refused for."""
    kept: tuple[str, ...] = ()
    note: str = ""
    """One sentence that the outcome alone does not tell."""
    instance: str | None = None
    """The one that ``run`` started."""
    shared: tuple[SharedParts, ...] = ()
    """With ``--dry-run``: those of ``kept`` that other modules have, too."""
    left: tuple[str, ...] = ()
    """As that of an error: what a candidate that was only checked left behind."""


@dataclass(frozen=True, slots=True)
class Change:
    """What every changing verb answers."""

    revision: int | None
    """None where nothing was rolled out: pause, scale, stop, a dry run."""
    modules: tuple[ModuleChange, ...]
    outcome: str
    """promoted, unchanged, rejected, refused, rolled-back, partial, undone, checked, planned, done, in-flight,
    interrupted"""
    note: str = ""
    hold: int | None = None
    """The number by which a deploy that has begun goes on."""
    origins: tuple[Origin, ...] = ()
    """Of a rollout that is over: where the code came from."""
    settings: tuple[SettingChange, ...] = ()
    """Of ``apply``: what hotd.toml says otherwise; it took effect only where the outcome is a success."""


@dataclass(frozen=True, slots=True)
class FailureView:
    """A failure of an instance or a load; ``traceback`` shows the source of the generation that failed."""

    at: str
    module: str
    generation: int | None
    instance: str | None
    error: ErrorView
    cause: str | None = None
    """Of a load: why it was tried, by whom, and how long it took; None for what failed by itself."""
    actor: str | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    errors: tuple[FailureView, ...]

    def __iter__(self) -> Iterator[FailureView]:
        return iter(self.errors)

    def __len__(self) -> int:
        return len(self.errors)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and whether it is as it should be."""

    subject: str
    state: Literal["ok", "note", "wrong"]
    """``note``: it may be meant so; ``wrong``: something does not work, or anybody could do harm."""
    message: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Doctor:
    """What is wrong with the installation, and its cure."""

    findings: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)


@dataclass(frozen=True, slots=True)
class HolderView:
    """Something that keeps a retired generation in memory."""

    what: str
    """A phrase that follows "held by"."""
    stack: str | None = None
    """Of a thread: where it stands."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is in the way, with the next command to type."""

    type: str
    """That of a condition, or: Leaving, Moved, Draining, Purging, Abandoned, Superseded, Standby, InFlight, NotLoaded,
    Stopped, Paused, TooManyGenerations"""
    message: str
    next: str
    hint: str | None = None
    since: str | None = None
    generation: int | None = None
    instance: str | None = None
    stack: str | None = None
    """Of an instance: where it stands now."""
    error: ErrorView | None = None
    """Of a rejection."""
    holders: tuple[HolderView, ...] = ()
    """Of a leak: who keeps the code in memory, as far as somebody looked."""
    module: str | None = None
    """Of an instance: whose it is."""
    age_s: float | None = None
    """Of an instance: how long it runs."""


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that keeps a module from being healthy, or a generation from being current or gone."""

    module: str
    generation: int | None
    """None where the question was about the module."""
    state: str
    """The module's health, or the generation's state."""
    message: str
    reasons: tuple[Reason, ...]

    def __iter__(self) -> Iterator[Reason]:
        return iter(self.reasons)

    def __len__(self) -> int:
        return len(self.reasons)


@dataclass(frozen=True, slots=True)
class Blocking:
    """The instances that hold up a drain: Stalled, Draining or Abandoned."""

    reasons: tuple[Reason, ...]

    def __iter__(self) -> Iterator[Reason]:
        return iter(self.reasons)

    def __len__(self) -> int:
        return len(self.reasons)


@dataclass(frozen=True, slots=True)
class Waited:
    """Whether what was waited for is so."""

    module: str
    generation: int | None
    """The one it is about, or the least that will do."""
    reached: bool
    message: str
    """What is so, or what it still waits for, by name."""
    next: str
    """The next command to type."""
    health: Health | None = None
    """Of a wait for ``healthy``: what it is now."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the event stream; further facts of the event stand in ``fields``."""

    seq: int
    at: str
    event: str
    module: str | None = None
    generation: int | None = None
    instance: str | None = None
    actor: str | None = None
    cause: str | None = None
    message: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Events:
    """A page of the stream: ask again with ``after=next`` and ``mark``. ``lost`` events were not kept until now."""

    events: tuple[Event, ...]
    next: int
    lost: int
    mark: str = ""
    """Of the event that ``next`` counts: when it happened."""
    anew: bool = False
    """This daemon knows nothing of the event that was asked after: this begins with its own first."""
    closing: bool = False
    """The daemon ends, nothing more comes from it: ask the one that comes after it."""


@dataclass(frozen=True, slots=True)
class LogLine:
    seq: int
    at: str
    module: str
    instance: str
    generation: int
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Logs:
    """A page of what a module's instances printed, as one of events. Lines go with the daemon that kept them."""

    lines: tuple[LogLine, ...]
    next: int
    lost: int
    mark: str = ""
    anew: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """The daemon's side of ``version`` and of ``hello``."""

    version: str
    protocol: int
    python: str
    interpreter: str
    pid: int
