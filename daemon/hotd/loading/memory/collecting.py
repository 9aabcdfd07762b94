"""Collecting garbage, which stops every thread for as long as it takes: off the hot path, and never too often."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable


class Collector:
    """Full collections, each no sooner than what the last one cost allows. Thread-safe."""

    def __init__(
        self,
        share: float,
        clock: Callable[[], float],
        collect: Callable[[], object] = gc.collect,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        """``share`` of all time may be spent on it.

        ``clock`` gives monotonic seconds; ``cost`` those that this thread computed: waiting for others is none.
        """
        self._share = share
        self._clock = clock
        self._cost = cost
        self._collect = collect
        self._not_before = 0.0
        self._turn = threading.Lock()
        self.began = 0.0
        """When the last one began; what was garbage then is gone."""

    def due_in(self) -> float:
        """Seconds until the next one is allowed; 0 when it is."""
        return max(0.0, self._not_before - self._clock())

    def collect(self) -> None:
        """Collect now, unless it is too soon. Finalizers of user code run in here, and may take their time."""
        with self._turn:
            if self.due_in() > 0.0:
                return
            began, before = self._clock(), self._cost()
            self._collect()
            self._not_before = self._clock() + (self._cost() - before) * (1 / self._share - 1)
            self.began = began
