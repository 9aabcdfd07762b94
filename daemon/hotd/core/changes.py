"""A change in progress, member by member, and what the history keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hotd.contract.views import Change, ModuleChange, Origin
from hotd.core.bundle import Bundle
from hotd.core.configuration import ConfigPlan
from hotd.core.messages import LoadKind
from hotd.core.values import Actor, Instant


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
    """There is a candidate; in an atomic rollout it waits for the other members."""

    number: int
    digest: str
    reloaded: tuple[str, ...]
    duration_ms: float
    again: int = 0
    """As that of the load."""
    bundle: Bundle | None = None
    """What it was made of; None where the store has that."""


@dataclass(frozen=True, slots=True)
class Intended:
    """What is about to be done is being written down; as soon as that outlives the daemon, it is done."""

    ready: Ready
    ticket: int


@dataclass(frozen=True, slots=True)
class Settled:
    change: ModuleChange


Member = Queued | InLoad | Ready | Intended | Settled


@dataclass(frozen=True)
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
    rebuild: tuple[str, ...] = ()
    """Kept parts that may be executed again."""
    skips: bool = False
    """``--all``: a module that would have to be refused is skipped."""
    quiet: bool = False
    """By the daemon for itself (the look at the disk while paused): leaves no trace in the history."""
    by_hand: bool = False
    """Its candidate waits for somebody's word: promote, or abort."""
    wary: bool = False
    """Content that was rejected before is not tried again."""
    goals: Mapping[str, int] = field(default_factory=dict)
    """module -> the generation to be brought back from the store, in place of a look at the disk."""
    undoes: bool = False
    """Whether that is an undo, and not a start."""
    config: ConfigPlan | None = None
    """What of hotd.toml takes effect with it, or not at all."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """root -> where its code came from, as the newest load found it."""

    def holds(self, module: str) -> bool:
        """Whether the module is part of it and not settled yet."""
        member = self.members.get(module)
        return member is not None and not isinstance(member, Settled)


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody's command is changing the disk: until it has ended, file changes are only recorded."""

    number: int
    modules: frozenset[str]
    everything: bool
    """Whether nobody named the modules: those that cannot follow are skipped."""
    cause: str
    actor: Actor
    since: Instant
    until: float
    """Monotonic seconds: over then, unless its client has been heard of."""


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
