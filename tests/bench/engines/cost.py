"""What one reload costs an engine: ``python -m tests.bench.engines.cost ENGINE ROW`` prints the median in milliseconds.

The clock is the CPU time of the reloading thread. That the new code is there when the engine returns is checked each
time; asking for it counts, because some engines do their work only then.
"""

from __future__ import annotations

import gc
import importlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.engines.engine import Engine
from tests.bench.programs import Program, flat, popular, single

ROWS = {
    "one": ("1 module", single(), "m"),
    "leaf": ("a leaf of 1,000", flat(1_000), "leaf500"),
    "users": ("62 of 1,000 depend on it", popular(1_000), "helper"),
    "heap": ("1 module, heap of 2 M lists", single(), "m"),
}
BUDGET = 20
"""Seconds, at most, of one row."""


def measure(adapter: type[Engine], row: str, root: Path) -> float:
    """Median seconds."""
    _, shape, name = ROWS[row]
    program = Program(root, shape)
    engine = adapter([root])
    engine.load("m")
    heap = [[] for _ in range(2_000_000)] if row == "heap" else []  # type: ignore[var-annotated]
    gc.collect()
    taken: list[float] = []
    until = time.monotonic() + BUDGET
    now = int(time.time())
    while len(taken) < 100 and (time.monotonic() < until or len(taken) < 5):
        path = program.edit(name)
        now += 5
        os.utime(path, (now, now))  # bytecode caches tell versions of one size apart by the second
        start = time.thread_time()
        taken_up = engine.reload([path])
        edit = engine.current(name).EDIT
        taken.append(time.thread_time() - start)
        if not taken_up or edit != program.edits:
            raise RuntimeError(f"the engine still has edit {edit}, the file has {program.edits}")
    engine.close()
    assert len(heap) in (0, 2_000_000)
    return statistics.median(taken[3:])


def main() -> None:
    adapter: type[Engine] = importlib.import_module(f"tests.bench.engines.{sys.argv[1]}").Adapter
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(f"{measure(adapter, sys.argv[2], Path(folder).resolve()) * 1e3:.3f}\n")
        sys.stdout.flush()
        os._exit(0)  # engines leave threads


if __name__ == "__main__":
    main()
