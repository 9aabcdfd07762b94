"""An honest caller beside the attackers: it asks for ``status`` all the while, and notes how long that takes."""

from __future__ import annotations

import statistics
import threading
import time
from types import TracebackType
from typing import Self

from hotctl import connect
from tests.support.eventually import eventually

PROMISED = 0.05
"""Seconds."""
BUSY = 4.0
"""How many times longer than with nobody else connected: what counts on a machine that is busy with something else."""


class Honest:
    """Asks until the block ends: in turns on the connection it keeps, and on a new one. Fails where one is refused."""

    def __init__(self, path: str, *, keeps: bool = True) -> None:
        """``keeps=False``: on new connections only, as commands do."""
        self._keeps = keeps
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="honest")
        self.took: list[float] = []
        self._failed: Exception | None = None
        self._alone = 0.0

    def __enter__(self) -> Self:
        for _ in range(10):
            self._once()
        self._alone, self.took = statistics.median(self.took), []
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                eventually(lambda: len(self.took) > 1 or self._failed, what="an honest caller is answered")
        finally:
            self._over.set()
            self._thread.join(30)
        if error is None:
            assert self._failed is None, f"an honest caller was refused: {self._failed!r}"
            typical, bound = statistics.median(self.took), max(PROMISED, BUSY * self._alone)
            assert typical < bound, f"{typical * 1e3:.0f} ms, alone {self._alone * 1e3:.0f} ms"

    def _run(self) -> None:
        with connect(self._path) as kept:
            kept.status()
            while not self._over.wait(0.01):
                try:
                    self._once()
                    if self._keeps:
                        began = time.perf_counter()
                        kept.status()
                        self.took.append(time.perf_counter() - began)
                except Exception as failed:  # noqa: BLE001 - the test's own thread fails with it
                    self._failed = failed
                    return

    def _once(self) -> None:
        began = time.perf_counter()
        with connect(self._path) as new:
            new.status()
        self.took.append(time.perf_counter() - began)
