"""What the engine knows of its store: what it was asked to keep, what is durable, and what keeps it from more."""

from __future__ import annotations

from dataclasses import dataclass

from hotd.core.copies import replace
from hotd.core.messages import Logged, Stored, Unwritten
from hotd.core.records import Trouble
from hotd.core.values import Instant

PATIENCE = 5.0
"""Seconds for a write; a disk that takes longer cannot be relied on just now."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before everything is brought again, doubling up to the longest."""

CALM = 60.0
"""Seconds without a failure after which the next one is the first again."""


@dataclass(frozen=True)
class Storing:
    """Writes have tickets, in the order they are asked for; that is the order in which they are answered."""

    issued: int = 0
    """The newest ticket."""
    answered: int = 0
    logged: int = 0
    """The newest ticket whose write is known to outlive the daemon, if not a power cut."""
    durable: int = 0
    """The newest ticket whose write is known to be durable."""
    waiting: Instant | None = None
    """Since when an answer is waited for."""
    trouble: Trouble | None = None
    """While there is one, nobody waits for the store, and it is brought everything again before anything else."""
    since: Instant | None = None
    """When the trouble began."""
    retry_at: float | None = None
    """Monotonic seconds at which that is tried; None while it is under way, and while a disk that hangs is silent."""
    trying: int = 0
    """The ticket under which everything is being brought."""
    pause: float = FIRST_PAUSE
    healed: Instant | None = None
    """When the last trouble was over."""
    aside: tuple[str, Instant] | None = None
    """Where files lie that could not be read, and since when."""

    @property
    def takes(self) -> bool:
        """Whether news is worth a write of its own: not while all that came before it must be brought first."""
        return self.trouble is None or self.trying > 0

    def holds(self, ticket: int) -> bool:
        """Whether nobody has to wait for it who only needs it to outlive the daemon."""
        return self.logged >= ticket or self.covers(ticket)

    def covers(self, ticket: int) -> bool:
        """Whether nobody has to wait for it: it is durable, or cannot be."""
        return self.durable >= ticket or self.trouble is not None


def asked(store: Storing, now: Instant, *, whole: bool = False) -> Storing:
    """One write more is under way; ``whole`` brings everything."""
    ticket = store.issued + 1
    store = replace(store, issued=ticket, waiting=store.waiting or now)
    return replace(store, trying=ticket, retry_at=None) if whole else store


def answered(store: Storing, said: Stored, now: Instant) -> Storing:
    """A write came to its end, or half-way."""
    if isinstance(said, Logged):
        return replace(store, logged=said.ticket)
    waiting = now if said.ticket < store.issued else None
    if isinstance(said, Unwritten):
        return _failed(replace(store, answered=said.ticket, waiting=waiting), said, now)
    aside = (said.aside, now) if said.aside else store.aside
    store = replace(store, answered=said.ticket, waiting=waiting, durable=said.ticket, aside=aside)
    if store.trouble is None:
        return store
    if 0 < store.trying <= said.ticket:
        return replace(store, trouble=None, since=None, trying=0, healed=now)
    return _spoke(store, now)


def _failed(store: Storing, said: Unwritten, now: Instant) -> Storing:
    if store.trouble is not None and said.ticket != store.trying:
        return _spoke(store, now)  # one of those that the failure before it took with it
    # A disk that takes what is small and not what is large must not be tried with both once a second for ever.
    again = store.trouble is not None or (store.healed is not None and now.mono - store.healed.mono < CALM)
    pause = min(store.pause * 2, LONGEST_PAUSE) if again else FIRST_PAUSE
    since = store.since or now
    return replace(store, trouble=said.trouble, since=since, retry_at=now.mono + pause, pause=pause, trying=0)


def _spoke(store: Storing, now: Instant) -> Storing:
    """A disk that hung does something again."""
    return store if store.trying or store.retry_at is not None else replace(store, retry_at=now.mono)


def silent_at(store: Storing) -> float | None:
    """When the disk counts as hanging, in monotonic seconds; None where nothing is waited for, or it does already."""
    if store.waiting is None or not store.takes:
        return None
    return store.waiting.mono + PATIENCE


def silent(store: Storing, now: Instant) -> Storing:
    """Nobody waits for it any more, until it answers."""
    trouble = store.trouble or Trouble(
        "slow", f"the disk of the state folder has not answered for {PATIENCE:g} s", "look at the disk and its load"
    )
    return replace(store, trouble=trouble, since=store.since or now, trying=0, retry_at=None)
