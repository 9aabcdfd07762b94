"""How much polling may look at by now, so that no second costs more than a tenth of looking at everything."""

from __future__ import annotations

SHARE = 10
"""In how many intervals there is time for everything: a tenth of a whole look is what one interval may cost."""
AT_LEAST = 100
"""Entries that may be looked at in an interval however few there are: a small tree is looked at in each."""
SLICES = 10
"""In how many slices an interval's share is taken."""
LONGEST = 3
"""For the time of how many slices it rests after one at most: however dear a look is, a round comes to its end."""


OTHERS = 0.2
"""What of the share is left to those who wait for a look and tell of it."""


class Allowance:
    """Entries, of which each interval has its share, and the time of a core that they take.

    An entry takes up to twice as long after a pause as it does among all others: caches are cold by then, and the
    processor has slowed down. So after each slice there is a rest, until what it took is no more than its share.

    Times are monotonic seconds, given by the caller.
    """

    def __init__(self, interval: float) -> None:
        self.entries = 0
        """Of the last whole look."""
        self._interval = interval
        self._tried, self._took = 0, 0.0
        """How many entries were looked at to learn what one takes, and what they took."""
        self._left = 0.0
        self._granted: float | None = None
        self._rests = 0.0
        """Until when."""

    @property
    def pause(self) -> float:
        """Between two slices, in seconds."""
        return self._interval / SLICES

    @property
    def rate(self) -> float:
        """Entries an interval."""
        return max(AT_LEAST, self.entries / SHARE)

    @property
    def slowest(self) -> float:
        """Seconds that a round takes at most, on a machine that does nothing else: even where half of the share goes to
        folders in which something has changed."""
        rests = self.entries > AT_LEAST * SHARE
        return self._interval * (SHARE * LONGEST if rests else max(1.0, 2 * self.entries / AT_LEAST))

    def learn(self, entries: int, took: float) -> None:
        """So many, looked at one after the other, took so many seconds of a core."""
        self._tried += entries
        self._took += took

    def grant(self, now: float) -> None:
        """What there is by now is added to what is left."""
        if now < self._rests:
            return
        if self._granted is not None:
            since = max(self._granted, self._rests - self.pause)
            self._left += min(now - since, self._interval) / self._interval * self.rate
        self._granted = now

    def keep_up(self, done: int, since: float) -> None:
        """So many of a round that began so many seconds ago: there is what it needs to end in time, whatever else
        there was to look at."""
        behind = self.entries * (since + LONGEST * self.pause) / self.slowest - done  # by the next slice
        self._left = max(self._left, min(behind, self.rate))

    @property
    def some(self) -> bool:
        """Whether there is one more to be looked at."""
        return self._left > 0

    def take(self) -> None:
        """One is looked at."""
        self._left -= 1

    def waive(self) -> None:
        """What is left is not saved up."""
        self._left = 0.0

    def pay(self, now: float, spent: float) -> None:
        """A slice of a round, which began then, took so many seconds of a core."""
        share = self._took / self._tried * self.rate * (1 - OTHERS) if self._tried else 0.0
        if share and self.entries > AT_LEAST * SHARE:
            rest = spent / share * self._interval
            self._rests = min(max(self._rests, now) + rest, now + LONGEST * self.pause)

    def next_slice(self, now: float) -> float:
        """When there is enough for another."""
        return max((now if self._granted is None else self._granted) + self.pause, self._rests)
