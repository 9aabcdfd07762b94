"""When changes of files have settled: trailing quiet, with a cap.

An editor's save is several events, a ``git checkout`` thousands; what belongs together must become one rollout. So a
batch ends as soon as nothing has happened for ``settle``, and at the latest ``settle_max`` after its first event,
else a file that is written for ever would hold up all others.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from hotd.core.copies import replace
from hotd.core.messages import Batch


class Kind(enum.Enum):
    """What is left of a path after an event."""

    WRITTEN = "written"
    """Something is there: it was closed after writing, moved in, or made by some other way at once."""
    BEGUN = "begun"
    """A new file is there, and who writes it has not closed it."""
    GONE = "gone"
    """Nothing is there: it was deleted or moved away."""


class Change(NamedTuple):
    """One event."""

    path: str
    kind: Kind
    at: float
    """Monotonic seconds."""


class Seen(NamedTuple):
    """All events of one path in this batch."""

    kind: Kind
    """Of the last one: deleted and then created is an edit."""
    first: float
    last: float

    def then(self, kind: Kind, at: float) -> Seen:
        return Seen(kind, min(self.first, at), max(self.last, at))


@dataclass(frozen=True, slots=True)
class Settling:
    """The changes that nobody was told of yet. Times are monotonic seconds, given by the caller.

    Three promises. Every recorded path is in exactly one later batch, or in more if it changes again. A batch ends
    when ``settle`` seconds were quiet and nothing in it is only begun. No path waits longer than ``settle_max`` for its
    batch, counted from its first event.

    Raises ValueError where ``0 <= settle <= settle_max`` does not hold.
    """

    settle: float = 0.05
    settle_max: float = 1.0
    pending: Mapping[str, Seen] = field(default_factory=dict)
    _first: float = 0.0
    """Of the earliest and of the latest event in ``pending``; they mean nothing while that is empty."""
    _last: float = 0.0
    _begun: bool = False
    """Whether any file in ``pending`` is."""

    def __post_init__(self) -> None:
        if not 0 <= self.settle <= self.settle_max:
            raise ValueError(f"0 <= settle <= settle_max, not {self.settle} and {self.settle_max}")

    def record(self, path: str, kind: Kind, now: float) -> Self:
        """With one more event. For many at once use ``record_all``: this copies what is pending."""
        return self.record_all((Change(path, kind, now),))

    def record_all(self, changes: Iterable[Change]) -> Self:
        """With more events, in the order in which they happened."""
        pending = dict(self.pending)
        some = False
        for path, kind, at in changes:
            before = pending.get(path)
            pending[path] = Seen(kind, at, at) if before is None else before.then(kind, at)
            some = True
        return self._having(pending) if some else self

    def next_wake(self) -> float | None:
        """When ``due`` has something, if nothing else happens; None while nothing is pending."""
        if not self.pending:
            return None
        return min(self._quiet, self._first + self.settle_max)

    def half_way(self) -> float | None:
        """When half of the quiet that ends the batch will be over; None where none has begun."""
        return None if self._begun or not self.pending else self._last + self.settle / 2

    def due(self, now: float) -> tuple[Batch | None, Self]:
        """The batch that is over by now, if there is one, and what stays pending.

        At the cap a path that vanished less than ``settle`` ago is left for the next batch: most likely it is about to
        be created again, and told of now it would look like a removal. A file that was begun has its own cap.
        """
        wake = self.next_wake()
        if wake is None or now < wake:
            return None, self
        if now >= self._quiet:
            return self.everything()
        # What was in the batch before it vanished goes: its own cap has come. That also is why somebody always goes.
        young = {
            path: seen
            for path, seen in self.pending.items()
            if (seen.kind is Kind.GONE and now < seen.first + self.settle)
            or (seen.kind is Kind.BEGUN and now < seen.first + self.settle_max)
        }
        return Batch(frozenset(self.pending.keys() - young.keys())), self._having(young)

    def everything(self) -> tuple[Batch | None, Self]:
        """All that is pending, settled or not; None where nothing is."""
        return (Batch(frozenset(self.pending)) if self.pending else None), self._having({})

    @property
    def _quiet(self) -> float:
        return float("inf") if self._begun else self._last + self.settle

    def _having(self, pending: Mapping[str, Seen]) -> Self:
        first = min((seen.first for seen in pending.values()), default=0.0)
        last = max((seen.last for seen in pending.values()), default=0.0)
        begun = any(seen.kind is Kind.BEGUN for seen in pending.values())
        return replace(self, pending=pending, _first=first, _last=last, _begun=begun)
