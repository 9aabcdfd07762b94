"""Measuring side by side: each round does every action once, so that a busy moment of the machine meets them all.

The clock is the CPU time of the measuring thread: what else runs on the machine does not count, and nothing that is
measured here waits. All files are in the page cache, for all sides.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """Something to measure; ``before`` is done each time and not measured."""

    run: Callable[[], object]
    before: Callable[[], object] = lambda: None


def paired(actions: Mapping[str, Action], rounds: int, warm: int = 5) -> dict[str, float]:
    """Median seconds of each action."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(warm + rounds):
        for name, action in actions.items():
            action.before()
            start = time.thread_time()
            action.run()
            end = time.thread_time()
            if turn >= warm:
                taken[name].append(end - start)
        if turn % 20 == 0:
            gc.collect()  # the garbage of all is collected in nobody's time, as far as it is old
    return {name: statistics.median(times) for name, times in taken.items()}
