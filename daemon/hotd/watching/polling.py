"""Polling: looking again and again, a slice at a time, where the kernel tells nothing."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection, Mapping

from watchdog.events import FileSystemEventHandler

from hotd.watching.places import Places
from hotd.watching.rounds import Rounds

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that closing waits for a look that is on its way: of a server that is down it may not come back."""


class Polling:
    """A backend. Where something has just changed it looks each ``interval`` seconds, elsewhere once in a round.

    A round takes ten to thirty intervals, so that no second costs more than a tenth of looking at everything; one,
    where there are no more than a hundred files. `round` tells.
    """

    name = "polling"

    def __init__(self, places: Places, interval: float) -> None:
        self._rounds = Rounds(places, interval)
        self._looking = threading.Lock()
        """Held for a slice or a whole look; whoever asks for status does not need it."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hotd-poller", daemon=True)
        self._thread.start()

    def schedule(self, handler: FileSystemEventHandler, tree: str) -> None:
        """What changes after the return is told. Raises OSError for what is no folder."""
        os.scandir(tree).close()
        with self._looking:
            self._rounds.begin(tree, handler)

    def folders(self, trees: Collection[str] | None = None) -> int:
        """How many are looked at: all, or those of some trees."""
        return self._rounds.folders(trees)

    @property
    def closed(self) -> Mapping[str, int]:
        """The folders that could not be read at the last look, with the number of the error; as it is now."""
        return self._rounds.closed.copy()

    def round(self) -> float:
        """Seconds within which every change is looked at."""
        return self._rounds.length

    def whole(self) -> float:
        """Seconds that looking at everything takes, as far as is known."""
        return self._rounds.cost

    def catch_up(self, timeout: float) -> bool:
        """Looks at everything, so it always can; how long that takes is up to the disk."""
        with self._looking:
            self._rounds.everything(time.monotonic())
        return True

    def close(self) -> None:
        self._closed.set()
        if self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        pause = 0.0
        while not self._closed.wait(pause):
            with self._looking:
                try:
                    self._rounds.slice(time.monotonic())
                except Exception:
                    # The next slice begins with another folder.
                    log.exception("a look at the disk was lost", extra={"event": "watch.defect"})
                now = time.monotonic()
                pause = self._rounds.next_wake(now) - now
