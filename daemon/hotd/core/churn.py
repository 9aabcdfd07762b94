"""Batches that come without end: a log file among the sources, a tool that writes what it has written before."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from hotd.core.messages import WatchTrouble

WINDOW = 60.0
"""Seconds that are looked back."""
MANY = 30
"""Batches within that: nobody saves as often by hand."""
NAMED = 50
"""Paths of a batch that are counted."""


class Churn:
    """Counts batches, and the files in them. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._batches: deque[tuple[float, tuple[str, ...]]] = deque()

    def told(self, paths: Iterable[str], now: float) -> None:
        """There was one more."""
        self._batches.append((now, tuple(sorted(paths)[:NAMED])))
        if len(self._batches) > MANY:
            self._batches.popleft()

    def troubles(self, now: float) -> Iterator[WatchTrouble]:
        """What there is to say of the last minute."""
        if len(self._batches) < MANY or now - self._batches[0][0] > WINDOW:
            return
        (busiest, _), *_ = Counter(path for _, paths in self._batches for path in paths).most_common(1)
        message = (
            f"files change all the time: {MANY} batches within a minute, most often {busiest}; "
            'what is no source may be ignored: [watch] ignore = ["…"] in hotd.toml'
        )
        yield WatchTrouble("churn", message, over="files do not change all the time any more", healed=True)
