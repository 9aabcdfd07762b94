"""An honest caller beside the attackers: it asks for ``status`` all the while, and notes how long that takes.

``python -m tests.support.honest PATH [new]``: a line for each answer, with its seconds; it ends with its standard
input. A process of its own, so that it waits for the daemon and not for the attackers' turn with its interpreter.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hotctl import connect
from tests.support.eventually import eventually

PROMISED = 0.05
"""Seconds, for the median: what an answer takes while attackers are there."""
IN_A_BURST = 0.5
"""Seconds, for 95 of a hundred. Whoever comes behind a burst of connections waits for up to 64 of them in the kernel's
queue, while each gets a thread: 0.1 s on two cores with nothing else to do."""
LONGEST = 5.0
"""Seconds, for each: nobody is kept out. A machine that is busy with something else may stand still for a second."""
BUSY = 4.0
"""How many times longer than with nobody else connected: what counts on a machine that is busy with something else."""
ALONE = 10
"""Questions before the attack, which say how busy the machine is."""


class Honest:
    """Asks until the block ends: in turns on the connection it keeps, and on a new one. Fails where one is refused, or
    answered late: see the bounds above."""

    def __init__(self, path: str, *, keeps: bool = True) -> None:
        """``keeps=False``: on new connections only, as commands do."""
        self._command = [sys.executable, "-m", "tests.support.honest", path, *([] if keeps else ["new"])]
        self._thread = threading.Thread(target=self._read, name="honest")
        self.took: list[float] = []
        self._alone = 0.0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert self._process.stdout is not None
        alone = [float(self._process.stdout.readline()) for _ in range(ALONE)]
        self._alone = statistics.median(alone)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                eventually(lambda: len(self.took) > 1 or self._process.poll() is not None, what="an honest answer")
        finally:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.close()
            self._thread.join(30)
            self._process.stdout.close()
            status = self._process.wait(30)
        if error is None:
            assert status == 0, "an honest caller was refused; its traceback is above"
            self._hold()

    def _hold(self) -> None:
        """Every answer is held to a bound: half of them to what is promised, nearly all to what a burst costs."""
        took = sorted(self.took)
        said = f"{len(took)} answers, alone {self._alone * 1e3:.1f} ms"
        for share, bound in ((0.5, max(PROMISED, BUSY * self._alone)), (0.95, IN_A_BURST), (1.0, LONGEST)):
            seconds = took[min(int(len(took) * share), len(took) - 1)]
            assert seconds < bound, f"{seconds * 1e3:.0f} ms at {share:.0%} of {said}; bound {bound * 1e3:.0f}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.took.append(float(line))


def main(path: str, *new: str) -> None:
    over = threading.Event()
    threading.Thread(target=_wait, args=(over,), daemon=True).start()
    with connect(path) as kept:
        kept.status()
        while not over.wait(0.01):
            began = time.perf_counter()
            with connect(path) as caller:
                caller.status()
            _tell(time.perf_counter() - began)
            if not new:
                began = time.perf_counter()
                kept.status()
                _tell(time.perf_counter() - began)


def _wait(over: threading.Event) -> None:
    os.read(0, 1)
    over.set()


def _tell(seconds: float) -> None:
    sys.stdout.write(f"{seconds}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
