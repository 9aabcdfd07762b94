"""The book: everything the daemon knows of what it hosts, as one immutable value.

The engine's thread is the only writer, and writes by swapping one reference; whoever answers a reader takes the
reference and needs no lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hotd.contract.errors import UnknownModule
from hotd.contract.nearest import nearest
from hotd.core.changes import Hold, InLoad, Intended, Member, Queued, Ready, Revision, Rollout, Settled
from hotd.core.configuration import ConfigState
from hotd.core.copies import bounded, replace, without
from hotd.core.environment import Environment
from hotd.core.messages import LoadKind, WatchTrouble
from hotd.core.modules import (
    DEATHS,
    EVERYTHING,
    MOST_QUARANTINED,
    UNREAD,
    Candidate,
    Current,
    Disk,
    Draining,
    FailureRecord,
    Generation,
    Instance,
    Leak,
    Leaving,
    Left,
    Module,
    Outdated,
    Pace,
    Phase,
    Rejection,
    Retired,
    Standby,
    carrying,
    quarantined,
    saw,
)
from hotd.core.records import Remembered
from hotd.core.restoring import pause_end, restored, storing_at_start
from hotd.core.storing import Storing
from hotd.core.values import Instant, Spec

__all__ = [
    "Book", "Stopping", "open_book", "recorded", "unknown_module", "MOST_REVISIONS",
    # Its modules …
    "Module", "Generation", "Instance", "Rejection", "Disk", "FailureRecord", "Leak", "Leaving", "Left", "Outdated",
    "Pace",
    "saw", "quarantined", "carrying",
    "Phase", "Candidate", "Current", "Draining", "Standby", "Retired", "UNREAD", "EVERYTHING", "DEATHS",
    "MOST_QUARANTINED",
    # … and its changes.
    "Rollout", "Member", "Queued", "InLoad", "Ready", "Intended", "Settled", "Revision", "Hold",
    "bounded", "without",
]  # fmt: skip

MOST_REVISIONS = 500
NOTHING = Remembered()


@dataclass(frozen=True, slots=True)
class Stopping:
    since: Instant
    deadline: float
    """Monotonic seconds."""


@dataclass(frozen=True)
class Book:
    modules: Mapping[str, Module]
    started: Instant
    max_instances: int = 64
    paused: bool = False
    paused_until: Instant | None = None
    """When that ends by itself."""
    watches: bool = True
    """False with ``[watch] enabled = false``: nobody tells of changes."""
    rollouts: Mapping[int, Rollout] = field(default_factory=dict)
    history: tuple[Revision, ...] = ()
    first_revision: int = 1
    """Of this daemon's life; those before it are in the store alone."""
    next_revision: int = 1
    next_job: int = 1
    stopping: Stopping | None = None
    hold: Hold | None = None
    next_hold: int = 1
    watch_troubles: Mapping[tuple[str, str], tuple[WatchTrouble, Instant]] = field(default_factory=dict)
    """What keeps changes from being seen, and since when: by reason and subject."""
    departed: Mapping[str, Module] = field(default_factory=dict)
    """What is known of modules that are hosted no more: their numbers go on should they come back."""
    over: Environment | None = None
    """What generations run over now, as far as somebody asked."""
    store: Storing = field(default_factory=Storing)
    outdated: Outdated | None = None
    config: ConfigState = field(default_factory=ConfigState)

    def module(self, name: str) -> Module:
        """Raises UnknownModule, with the nearest name."""
        try:
            return self.modules[name]
        except KeyError:
            raise unknown_module(name, self.modules) from None

    def having(self, module: Module) -> Book:
        if self.modules.get(module.name) is module:
            return self
        return replace(self, modules={**self.modules, module.name: module})

    @property
    def alive(self) -> int:
        return sum(module.alive for module in self.modules.values())

    def in_flight(self, module: str) -> Rollout | None:
        """The rollout that holds the module: of all that wait for it or load it, the oldest."""
        return next((rollout for rollout in self.rollouts.values() if rollout.holds(module)), None)

    def changing(self, module: str) -> Rollout | None:
        """The oldest rollout that may make another generation current; checks and plans do not."""
        rollouts = self.rollouts.values()
        return next((r for r in rollouts if r.kind is LoadKind.STAGE and r.holds(module)), None)

    def startable(self, module: Module) -> int:
        """How many instances of the module there is room for: what it lacks, within ``max_instances``."""
        # Whoever lacks nothing does not have everybody counted: that is asked for each module after every message.
        missing = 0 if self.stopping else module.shortfall
        return max(0, min(missing, self.max_instances - self.alive)) if missing else 0

    def held(self, module: Module) -> bool:
        """Whether file changes are only recorded."""
        by_itself = module.paused or module.pinned or module.spec.watch == "manual" or module.leaving is not None
        return self.paused or by_itself or self.deployed(module) is not None or not self.watches

    def paused_to(self, module: Module) -> Instant | None:
        """When no pause is left that keeps the module from following its files; None: somebody has to say so."""
        ends = [until for paused, until in (
            (self.paused, self.paused_until), (module.paused, module.paused_until)) if paused]  # fmt: skip
        return max((end for end in ends if end), default=None) if None not in ends else None

    def deployed(self, module: Module) -> Hold | None:
        """The deploy under way that the module is part of."""
        return self.hold if self.hold is not None and module.name in self.hold.modules else None


def unknown_module(name: str, known: Mapping[str, Any]) -> UnknownModule:
    near = nearest(name, known)
    return UnknownModule(
        f"no module {name!r} is hosted here",
        hint=f"did you mean {near!r}?" if near else f"hosted: {', '.join(sorted(known)) or 'none'}",
    )


def open_book(
    specs: tuple[Spec, ...],
    *,
    now: Instant,
    max_instances: int,
    known: Remembered = NOTHING,
    watches: bool = True,
    over: Environment | None = None,
    added: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Book:
    """The book of a daemon that starts: what hotd.toml says, and what the store remembers of it.

    ``added`` are those of the modules that stand in no hotd.toml, each with what it was added with.
    """
    modules = {spec.name: replace(restored(spec, known, now), added=added.get(spec.name)) for spec in specs}
    others = known.generations.keys() - modules.keys()
    revision, store = known.last_revision + 1, storing_at_start(known, now)
    return Book(
        modules,
        now,
        max_instances,
        paused=known.daemon.paused,
        paused_until=pause_end(known.daemon.paused_until, now),
        watches=watches,
        first_revision=revision,
        departed={name: restored(Spec(name, "", ()), known, now) for name in others},
        next_revision=revision,
        over=over,
        store=store,
    )


def recorded(book: Book, revision: Revision) -> Book:
    """The book with one more entry in its history; checks and empty looks do not push rollouts out of it."""
    kept = book.history
    alike = [] if len(kept) < MOST_REVISIONS else [n for n, one in enumerate(kept) if one.listed == revision.listed]
    if len(alike) >= MOST_REVISIONS:
        kept = (*kept[: alike[0]], *kept[alike[0] + 1 :])
    return replace(book, history=(*kept, revision))
