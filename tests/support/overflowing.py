"""More events than the kernel keeps, for a process that stands still meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.eventually import eventually

QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_bytes())
"""Events that the kernel keeps for whoever does not read them."""


@contextmanager
def overflowing(pid: int, folder: Path) -> Iterator[None]:
    """The process has stopped, and its queue is full of events of this folder: what happens in here it is not told."""
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: all(_state(task) == "T" for task in Path(f"/proc/{pid}/task").iterdir()), what="it to stop")
        # Two files by turns: of equal events in a row the kernel keeps one.
        paths = [str(folder / name) for name in ("a.py", "b.py")]
        for number in range(QUEUE + 100):
            os.close(os.open(paths[number % 2], os.O_WRONLY | os.O_CREAT))
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]
