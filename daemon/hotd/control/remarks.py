"""Lines of the log that anybody may cause as often as he likes: one a second of each kind, and how many more there
were."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from hotd.core.folding import WITHIN, Folding


@dataclass(frozen=True, slots=True)
class Remark:
    """One line, with the fields of its event."""

    level: int
    text: str
    fields: dict[str, Any]


class Remarks:
    """The first of a kind is written at once. Used from many threads at once.

    How many more there were is written by whoever calls next, once their second is over, or at the end: no thread
    waits for that, and a daemon that nobody speaks to has nothing new to tell.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._folding: Folding[Remark] = Folding()

    def say(self, kind: Hashable, remark: Remark) -> None:
        """``kind`` is who caused it and what it is; with its text it is told of the first only."""
        now = self._clock()
        with self._lock:
            over = self._folding.over(now)
            begins = self._folding.begins(kind, remark, now)
        self._tell(over)
        if begins:
            self._log.log(remark.level, "%s", remark.text, extra=remark.fields)

    def settle(self) -> None:
        """Write what is over. Costs nothing while there is nothing."""
        if self._folding:
            now = self._clock()
            with self._lock:
                over = self._folding.over(now)
            self._tell(over)

    def close(self) -> None:
        """Write all that was counted."""
        with self._lock:
            over = self._folding.over(math.inf)
        self._tell(over)

    def _tell(self, over: list[tuple[Remark, int]]) -> None:
        for remark, more in over:
            text = f"{remark.text}, and {more} more like it within {WITHIN:g} s"
            self._log.log(remark.level, "%s", text, extra={**remark.fields, "more": more})
