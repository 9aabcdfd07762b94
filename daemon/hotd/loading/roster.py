"""Which generations a loader has, and how far each of them has come."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable

from hotd.contract.errors import Busy
from hotd.loading import forks
from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation
from hotd.loading.imports.asking import Line, to_front
from hotd.loading.imports.part import Scope

CLOSED = "the loader is closed"


class Roster:
    """The generations of one loader: those that come, which one is current, and those that were.

    One that comes is first staged, from its links to the end of its execution, and in between executed; then it waits,
    for as long as somebody holds its candidate, to be promoted. What was current is held weakly. Thread-safe; nothing
    of it waits for user code.
    """

    def __init__(self) -> None:
        self.current: Generation | None = None
        """What new work should use; None before the first promotion."""
        self.closed = False
        """For good: nothing is executed, waits or is promoted from then on."""
        self._past: list[weakref.ref[Generation]] = []
        """Current, and those that were."""
        self._staging: list[Generation] = []
        self._executing: list[Candidate] = []
        self._waiting: list[weakref.ref[Candidate]] = []
        self._lock = threading.RLock()
        """Guards those four lists and ``closed``; readers take a list as it is, so each is replaced as a whole.
        Re-entrant, as the others: the garbage collector may run a user's ``__del__`` anywhere, and that may ask us."""
        forks.renew(self, "_lock", threading.RLock)

    # --- to read, without a lock -----------------------------------------------------------------------------------

    @property
    def past(self) -> tuple[Generation, ...]:
        """Those that are or were current and are still in memory, in the order of their first promotion."""
        alive = (reference() for reference in self._past)
        return tuple(generation for generation in alive if generation is not None)

    @property
    def serving(self) -> list[Generation]:
        """See `linking.pool.Member`."""
        coming = self.coming
        current = self.current  # asked last: what is promoted in between comes no more, and is found here
        return coming if current is None else [current, *coming]

    @property
    def living(self) -> list[Generation]:
        """See `linking.pool.Member`."""
        return [*self.coming, *reversed(self.past)]

    @property
    def coming(self) -> list[Generation]:
        """What is being loaded, then what is loaded and waits."""
        return [*self._staging, *(candidate.generation for one in self._waiting if (candidate := one()) is not None)]

    def was_current(self, generation: Generation) -> bool:
        """Whether it is current, or was."""
        return any(one() is generation for one in self._past)

    def stages(self, scopes: Iterable[Scope]) -> bool:
        """Whether one of these is a generation that is being loaded."""
        return any(one is scope for scope in scopes for one in self._staging)

    def refuse_when_closed(self) -> None:
        """Busy, from then on."""
        if self.closed:
            raise Busy(CLOSED)

    # --- how one comes ---------------------------------------------------------------------------------------------

    def enter(self, generation: Generation) -> None:
        """It is staged: its parts were made, and other loaders may share them."""
        with self._lock:
            self._staging = [*self._staging, generation]

    def begin(self, candidate: Candidate) -> None:
        """It is about to be executed. Busy when closed."""
        with self._lock:
            self.refuse_when_closed()
            self._executing = [*self._executing, candidate]

    def finish(self, candidate: Candidate) -> None:
        """It is executed, and waits. Busy when closed meanwhile."""
        with self._lock:
            self.refuse_when_closed()
            # A reader in between must find it in one list: what nobody has, another loader takes for gone. So twice.
            self._waiting = [one for one in self._waiting if one() is not None] + [weakref.ref(candidate)]
            self._staging = [one for one in self._staging if one is not candidate.generation]
            self._executing = [one for one in self._executing if one is not candidate]

    def promote(self, chosen: Candidate | Generation, asked: Line) -> None:
        """Swap the reference: it is current, and ``asked`` answers outside code before all others. Busy when closed."""
        generation = chosen.generation if isinstance(chosen, Candidate) else chosen
        with self._lock:
            self.refuse_when_closed()
            self.current = generation
            to_front(asked)  # who closes in between would find nothing to take from there, and it would stay for ever
            if not self.was_current(generation):
                self._past = [one for one in self._past if one() is not None] + [weakref.ref(generation)]
            self._waiting = [one for one in self._waiting if one() not in (None, chosen)]

    # --- how one does not ------------------------------------------------------------------------------------------

    def drop(self, candidate: Candidate) -> None:
        """It does not come any more, however far it was."""
        with self._lock:
            self._staging = [one for one in self._staging if one is not candidate.generation]
            self._executing = [one for one in self._executing if one is not candidate]
            self._waiting = [one for one in self._waiting if one() not in (None, candidate)]

    def give_up(self) -> list[Candidate]:
        """Whatever is being staged is no more shared; those that are being executed, each to be dropped."""
        with self._lock:
            self._staging = []
            return self._executing

    def close(self) -> bool:
        """False if it was closed before. Its generations are still told, until they are to be forgotten."""
        with self._lock:
            before, self.closed = self.closed, True
            return not before

    def forget(self) -> None:
        """None is current, was, or will be."""
        self.current = None
        self._waiting, self._staging, self._past = [], [], []
