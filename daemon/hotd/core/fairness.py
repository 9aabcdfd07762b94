"""Who goes, who waits and who is next where more ask at once than can be answered. No thread, no lock, no clock.

An ``owner`` is who many connections belong to: a user of this machine, another machine. What one owner floods the
port with, the others do not wait for.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Seat(Protocol):
    """One connection, as far as it matters for who has to go. A flood has each looked at for each that comes, so that
    nothing is made for it."""

    @property
    def number(self) -> int:
        """Grows with each that comes."""

    @property
    def owner(self) -> str:
        """Whom it belongs to."""

    @property
    def busy(self) -> bool:
        """Whether a request of it is being answered."""

    @property
    def served(self) -> bool:
        """Whether one ever was."""

    @property
    def first(self) -> bool:
        """Whether it is an admin's."""

    @property
    def deaf(self) -> bool:
        """Whether it is busy only because it does not take its answer."""


S = TypeVar("S", bound=Seat)


def whose_place(seats: Collection[S]) -> S | None:
    """Who has to go for a newcomer: of the owner with the most connections the oldest that was never answered, else
    the oldest that is idle; where there is neither, one that does not take its answer. None where everybody is being
    answered.

    Floods look like that, callers do not; and a flood of one user's costs no other user its connection.
    """
    most = Counter([seat.owner for seat in seats])
    return min(
        [seat for seat in seats if not seat.busy or seat.deaf],
        key=lambda seat: (seat.busy, -most[seat.owner], seat.served, seat.number),
        default=None,
    )


def spared_least(seats: Collection[S]) -> S | None:
    """Who has to go where the whole daemon is short of something: nobody who was answered and is an admin."""
    return whose_place([seat for seat in seats if not (seat.served and seat.first)])


@dataclass(frozen=True, slots=True)
class Pace:
    """So many requests a second, and ``burst`` of them at once after a rest."""

    rate: float
    burst: int


class Paces:
    """How long each owner's next request waits for having asked too often (virtual scheduling, as ATM has it)."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        """When all that an owner has asked would have been asked at its pace."""

    def __len__(self) -> int:
        return len(self._due)

    def wait(self, owner: str, pace: Pace, now: float) -> float:
        """Seconds until this request is answered; it counts, whatever becomes of it."""
        due = max(self._due.get(owner, now), now)
        if owner not in self._due:
            self._due = {one: at for one, at in self._due.items() if at > now}
        self._due[owner] = due + 1 / pace.rate
        return max(0.0, due - now - (pace.burst - 1) / pace.rate)


Turn = tuple[str, bool]
"""An owner, and whether the connection was answered before."""
Queues = dict[Turn, deque[int]]


class Line:
    """``places`` to be answered at, ``kept`` of them for admins alone; who finds none free stands in line.

    Admins go before the others, and after ``share`` of them in a row one of the others goes all the same. Among their
    like owners take turns, however many stand in line for each; and of one owner's, those that were never answered
    take turns with those that were, so that a command is not the last of a flood. A place is lent for ``lent``
    seconds: who has it for longer, before a disk that hangs, keeps nobody waiting any more.
    """

    def __init__(self, places: int, *, kept: int = 0, share: int = 8, lent: float = 0.5) -> None:
        self._places = places
        self._open = max(1, places - kept)
        self._share = share
        self._lent = lent
        self._taken: dict[int, float] = {}
        self._guests: set[int] = set()
        """Those of them who are no admins; some may be gone."""
        self._first: Queues = {}
        self._others: Queues = {}
        self._standing: dict[int, tuple[Queues, Turn]] = {}
        self._in_a_row = 0

    def come(self, number: int, turn: Turn, first: bool, now: float) -> bool:
        """Whether it has a place at once; else it stands in line, and ``called`` will name it."""
        if not (self._first if first else self._standing) and self._free(first, now):
            self._take(number, first, now)
            return True
        queues = self._first if first else self._others
        self._standing[number] = queues, turn
        queues.setdefault(turn, deque()).append(number)
        return False

    def go(self, number: int) -> None:
        """It was answered, or waits no longer. Twice is fine."""
        self._taken.pop(number, None)
        if number in self._standing:
            queues, turn = self._standing.pop(number)
            queues[turn].remove(number)
            if not queues[turn]:
                del queues[turn]

    def called(self, now: float) -> list[int]:
        """Who has a place from now on."""
        them = []
        while (first := self._next_is_first(now)) is not None:
            them.append(self._next(first))
            self._take(them[-1], first, now)
        return them

    @property
    def again(self) -> float | None:
        """When ``called`` is to be asked even if nobody goes; None where nobody stands in line."""
        return min(self._taken.values()) + self._lent if self._standing else None

    def _free(self, first: bool, now: float) -> bool:
        if self._full(first):
            self._taken = {number: at for number, at in self._taken.items() if now < at + self._lent}
        return not self._full(first)

    def _full(self, first: bool) -> bool:
        self._guests &= self._taken.keys()
        return len(self._taken) >= self._places or (not first and len(self._guests) >= self._open)

    def _take(self, number: int, first: bool, now: float) -> None:
        self._taken[number] = now
        if not first:
            self._guests.add(number)

    def _next_is_first(self, now: float) -> bool | None:
        """Whether an admin is next; None where nobody is: nobody stands in line, or not before a place is free."""
        other = bool(self._others) and self._free(False, now)
        if self._first and self._free(True, now) and not (other and self._in_a_row >= self._share):
            return True
        return False if other else None

    def _next(self, first: bool) -> int:
        self._in_a_row = self._in_a_row + 1 if first else 0
        queues = self._first if first else self._others
        turn = next(iter(queues))
        queue = queues.pop(turn)
        number = queue.popleft()
        if queue:
            queues[turn] = queue  # behind the others
        del self._standing[number]
        return number


class Waiting:
    """Calls that wait for something to happen: ``most`` at once, of which ``kept`` are for admins alone, and ``each``
    for one owner that is none."""

    def __init__(self, most: int, *, kept: int, each: int) -> None:
        self._most = most
        self._kept = kept
        self._each = each
        self._owners: Counter[str] = Counter()

    def come(self, owner: str, first: bool) -> str | None:
        """Why it may not wait; None where it may."""
        if not first and self._owners[owner] >= self._each:
            return f"{self._each} calls of {owner} wait already, more than that may not"
        if self._owners.total() >= self._most - (0 if first else self._kept):
            return f"{self._owners.total()} calls wait already, more than that may not"
        self._owners[owner] += 1
        return None

    def go(self, owner: str) -> None:
        self._owners[owner] -= 1
        if not self._owners[owner]:
            del self._owners[owner]
