"""A hosted module and all that is known of it: its generations, its instances, what is on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hotd.contract.views import ErrorView, Origin
from hotd.core.bundle import Carried
from hotd.core.copies import replace, without
from hotd.core.counted import counted
from hotd.core.environment import Environment
from hotd.core.messages import Stale
from hotd.core.values import InstanceId, Instant, Spec

UNREAD = "unread-"
DEATHS = 3
"""Deaths of the daemon over one content, before it was permanent, after which that is quarantined: as ``died`` where
it was current at the time, as ``fatal`` where it was only being imported."""
EVERYTHING = ""
"""In place of a path: a start knows nothing of what changed while there was no daemon."""
MOST_QUARANTINED = 100
"""For each module; the oldest is forgotten, and at worst refused once more."""


# --- phases: a state carries the facts true in it, and no others ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """Loaded aside; serves nobody."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Current:
    """What new instances get."""

    since: Instant
    served: Instant | None = None
    """When the first instance ran on it."""


@dataclass(frozen=True, slots=True)
class Draining:
    """Gets no new instances; the running ones finish."""

    since: Instant
    deadline: float
    """Monotonic seconds."""
    stalled: Instant | None = None
    """When the deadline passed, and that was told."""
    purge: bool = False
    """It shall leave memory as soon as nobody runs it; whoever does at the deadline is abandoned."""


@dataclass(frozen=True, slots=True)
class Standby:
    """Nobody runs it; loaded for an instant undo."""

    since: Instant


@dataclass(frozen=True, slots=True)
class Retired:
    """Gone from memory; the record stays."""

    since: Instant


Phase = Candidate | Current | Draining | Standby | Retired


@dataclass(frozen=True)
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
    executed: tuple[str, ...] = ()
    """The parts that were executed when it was new, in that order."""
    over: Environment | None = None
    """What it ran over when an earlier daemon loaded it."""
    origins: tuple[Origin, ...] = ()
    """Where its code came from."""

    @property
    def in_memory(self) -> bool:
        return not isinstance(self.phase, Retired)


@dataclass(frozen=True)
class Instance:
    id: InstanceId
    generation: int
    state: Literal["starting", "running", "stopping", "abandoned"]
    started: Instant
    leaving: bool = False
    """It shall end; asked when ``max_unavailable`` allows."""
    patience: float | None = None
    """Seconds from being asked to its deadline; None: ``drain_deadline``."""
    deadline: float = 0.0
    """Monotonic seconds by which it should have ended; 0 while nobody asked it to."""
    stalled: Instant | None = None
    """When that passed, and was told."""
    on_demand: bool = False
    """Somebody asked for just this one (``hotctl run``): it is beside the replicas, and nobody replaces it."""

    @property
    def counts(self) -> bool:
        """Whether it is alive for all that is known: an abandoned one is listed and no longer counted."""
        return self.state != "abandoned"

    @property
    def in_place(self) -> bool:
        """Whether it takes one of the places that ``replicas`` gives."""
        return self.counts and not self.on_demand


@dataclass(frozen=True, slots=True)
class Ended:
    """An instance that was asked for by itself, and how it ended: whoever waits for it may ask late."""

    instance: Instance
    at: Instant
    failed: bool


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
class Withheld:
    """Content that was not loaded because it would have executed kept parts again."""

    digest: str
    current: int | None
    """What was current then; beside another generation the same content may touch other parts."""
    error: ErrorView
    at: Instant


@dataclass(frozen=True, slots=True)
class Disk:
    """What was last seen on disk."""

    digest: str
    """Empty: something changed that was not read yet. ``unread-…``: something that was refused before it had one."""
    since: Instant


@dataclass(frozen=True, slots=True)
class FailureRecord:
    at: Instant
    generation: int | None
    instance: str | None
    error: ErrorView
    cause: str | None = None
    """Of a load: why it was tried, by whom, and how long it took."""
    actor: str | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What loads that came to nothing left behind, and is still there."""

    what: tuple[str, ...]
    """A phrase each."""
    since: Instant


@dataclass(frozen=True, slots=True)
class Leak:
    """What is in memory of a generation that was retired."""

    since: Instant
    """When that was news."""
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outdated:
    """What was imported for good, and is another on disk."""

    what: tuple[Stale, ...]
    """At least one."""
    since: Instant


@dataclass(frozen=True, slots=True)
class Leaving:
    """It was removed, and its instances have not ended yet."""

    since: Instant
    actor: str
    cause: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast ended instances are replaced: ends within a second of the start slow it down, doubling each time."""

    quick_ends: int = 0
    not_before: float = 0.0
    """Monotonic seconds."""
    failing: bool = False
    """Whether the last of the quick ends was a failure."""


@dataclass(frozen=True)
class Module:
    """A hosted unit of user code and all that is known of it.

    What is counted once need not be counted again: after every message all modules are looked at, and all but one are
    as they were.
    """

    spec: Spec
    replicas: int
    stopped: bool = False
    paused: bool = False
    paused_until: Instant | None = None
    """When it resumes by itself; None: not before somebody says so."""
    pinned: bool = False
    """Nothing may change current without ``--force``."""
    generations: Mapping[int, Generation] = field(default_factory=dict)
    current: int | None = None
    permanent: int | None = None
    """What a start of the daemon loads."""
    line: tuple[int, ...] = ()
    """The stable generations in the order they became current, ending with current; ``undo`` walks it back."""
    instances: Mapping[int, Instance] = field(default_factory=dict)
    next_instance: int = 1
    finished: int = 0
    """Places whose work is done for good (``restart`` is never or on-failure)."""
    pace: Pace = Pace()
    rejections: tuple[Rejection, ...] = ()
    quarantine: Mapping[str, str] = field(default_factory=dict)
    """digest -> ``rejected``, ``undone``, ``died`` or ``fatal``: what the watcher must not load."""
    carried: Mapping[str, Carried] = field(default_factory=dict)
    """digest -> what it covers though only running the code told of it. A daemon that did not run it would have another
    digest for the same content."""
    deaths: Mapping[str, int] = field(default_factory=dict)
    """digest -> how often the daemon died while it was current and not permanent, or being imported."""
    withheld: Withheld | None = None
    """The last such refusal, whatever is on disk since; see ``withholding``."""
    pending: frozenset[str] = frozenset()
    """Paths that changed and were not acted on yet: paused, manual, at the cap, or a rollout is in flight.
    ``EVERYTHING`` stands for all of them."""
    disk: Disk | None = None
    """None before the first look."""
    hung: Mapping[int, Instant] = field(default_factory=dict)
    """Load jobs that were abandoned and whose threads have not come to an end: job -> since when."""
    tainted: Instant | None = None
    """When the first of its instances was abandoned: whatever that thread holds, it holds until the daemon ends."""
    trial: int | None = None
    """The generation that has to show that it can run: promoted, and nobody has run it for a second so far."""
    failed_at_once: int = 0
    """How many of its instances failed within a second; all of them, as long as it is on trial."""
    ended: tuple[Ended, ...] = ()
    """The last of those that were asked for by themselves."""
    left: Left | None = None
    leaks: Mapping[int, Leak] = field(default_factory=dict)
    """The generations that were retired, and are in memory all the same; of very many the newest."""
    outdated: Outdated | None = None
    failures: tuple[FailureRecord, ...] = ()
    errors: int = 0
    reloads: int = 0
    added: Mapping[str, Any] | None = None
    """What somebody said who had it hosted at run time; None of one that stands in hotd.toml."""
    leaving: Leaving | None = None

    UNCOUNTED = frozenset({"pending", "disk"})
    """The fields from which nothing follows that is counted of a module: a save changes them before anything else."""

    @property
    def name(self) -> str:
        return self.spec.name

    # All of this is counted anew after whatever changes the module: plain loops.

    def count(self, generation: int) -> int:
        """Living instances of one generation."""
        return self._living.get(generation, 0)

    @counted
    def _living(self) -> Mapping[int, int]:
        """generation -> living instances."""
        living: dict[int, int] = {}
        for instance in self.instances.values():
            if instance.counts:
                living[instance.generation] = living.get(instance.generation, 0) + 1
        return living

    @counted
    def alive(self) -> int:
        return sum(self._living.values())

    @property
    def on_current(self) -> int:
        return 0 if self.current is None else self.count(self.current)

    @counted
    def places(self) -> tuple[Instance, ...]:
        """Who takes one of the places that ``replicas`` gives, on whatever generation."""
        return tuple([one for one in self.instances.values() if one.in_place])

    @counted
    def served(self) -> int:
        """How many of the places run current."""
        return len([one for one in self.places if one.generation == self.current])

    @counted
    def loaded(self) -> tuple[Generation, ...]:
        """What is in memory, oldest first."""
        # As `Generation.in_memory`, of which hundreds would be asked.
        return tuple([one for one in self.generations.values() if not isinstance(one.phase, Retired)])

    @counted
    def awaited(self) -> tuple[Instance, ...]:
        """Who was asked to end, and has time left."""
        return tuple([one for one in self.instances.values() if one.state == "stopping" and one.stalled is None])

    @counted
    def unasked(self) -> tuple[Instance, ...]:
        """Who shall end, and was not asked to."""
        not_yet = [one for one in self.instances.values() if one.state in ("starting", "running")]
        return tuple([one for one in not_yet if self.shall_end(one)])

    @property
    def wanted(self) -> int:
        """How many instances there should be on current when nothing stands in the way."""
        return 0 if self.stopped or self.current is None else max(0, self.replicas - self.finished)

    @counted
    def shortfall(self) -> int:
        """How many are missing: old and new together are never more than replicas + surge."""
        wanted = self.wanted
        return max(0, min(wanted - self.served, wanted + self.spec.surge - len(self.places)))

    def shall_end(self, instance: Instance) -> bool:
        """Whether somebody wants it to end, or ``on_change = "stop"`` wants its code gone.

        Not of one that was asked for by itself: ended halfway, nobody would do its work again.
        """
        outdated = self.spec.on_change == "stop" and instance.generation != self.current
        return instance.leaving or (outdated and not instance.on_demand)

    @property
    def differs(self) -> bool:
        """Whether the disk is known to hold something else than current."""
        if self.current is None or self.disk is None:
            return False
        return self.disk.digest != self.generations[self.current].digest

    @property
    def on_disk(self) -> str | None:
        """Why the watcher must not load what is on disk: ``rejected``, ``undone``, ``died`` or ``fatal``."""
        return self.quarantine.get(self.disk.digest) if self.disk else None

    @property
    def rejection(self) -> Rejection | None:
        """The news about what is on disk, as long as it is what was refused."""
        if self.disk is None or self.on_disk != "rejected":
            return None
        return next((r for r in reversed(self.rejections) if r.digest == self.disk.digest), None)

    @property
    def withholding(self) -> Withheld | None:
        """The news that what is on disk waits for somebody to allow it."""
        found = self.withheld
        if found is None or self.disk is None:
            return None
        return found if (found.digest, found.current) == (self.disk.digest, self.current) else None


def saw(module: Module, digest: str, now: Instant) -> Module:
    """The module, of which the disk is known to hold that content now."""
    known = module.disk is not None and module.disk.digest == digest
    return module if known else replace(module, disk=Disk(digest, now))


def carrying(module: Module, digest: str, carried: Carried) -> Module:
    """The module, which knows what that digest covers, and of no digest that matters to nobody any more."""
    if not carried or carried == module.carried.get(digest):
        return module
    matter = {*module.quarantine, *(generation.digest for generation in module.generations.values())}
    kept = {one: names for one, names in module.carried.items() if one in matter}
    return replace(module, carried={**kept, digest: carried})


def quarantined(module: Module, digest: str, why: str) -> Module:
    """The module, whose watcher must not load that content."""
    marks = {**without(module.quarantine, digest), digest: why}
    return replace(module, quarantine=dict(list(marks.items())[-MOST_QUARANTINED:]))
