"""Residues are cleared beside the engine and the loads: it runs user code, which takes its time.

The next load of a module waits until what an earlier candidate left is cleared: it may want the same port.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from hotd.loading.loader import Loader
from hotd.loading.residue import PATIENCE, Residue

LONGEST = PATIENCE + 1.0
"""Seconds that are waited for residues. What takes longer hangs in user code, and its thread is left."""

log = logging.getLogger("hotd.loading")


class Clearing:
    """Threads that clear residues, by module."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        """``changed`` hears from any thread that what is left behind of a module's candidates may be another."""
        self._changed = changed
        self._threads: dict[str, list[threading.Thread]] = {}
        self._lock = threading.Lock()

    def begin(self, module: str, loader: Loader, residues: Sequence[Residue], *, hooks: bool = True) -> None:
        """On a thread of its own; returns at once."""
        if residues:
            arguments = (module, loader, residues, hooks)
            thread = threading.Thread(target=self._clear, args=arguments, name=f"hotd-residue-{module}", daemon=True)
            with self._lock:  # who waits finds only such as can be waited for
                thread.start()
                self._threads[module] = [*self._threads.get(module, ()), thread]

    def wait(self, module: str, at_most: float = LONGEST) -> None:
        """Until all that has begun for the module is over, or so many seconds are, and never more than ``LONGEST``."""
        with self._lock:
            threads = self._threads.get(module, [])
        until = time.monotonic() + min(at_most, LONGEST)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        with self._lock:  # who had less than all the time leaves those that need more of it to the next
            done = [one for one in threads if at_most >= LONGEST or not one.is_alive()]
            self._threads[module] = [one for one in self._threads.get(module, ()) if one not in done]

    def close(self) -> None:
        """Wait for all of it."""
        for module in list(self._threads):
            self.wait(module)

    def told(self, module: str, left: Sequence[str]) -> None:
        """For the daemon's log."""
        if left:
            message = "%s: a load that came to nothing left behind: %s"
            log.warning(message, module, "; ".join(left), extra={"event": "load.left-behind", "hosted": module})

    def look(self, module: str, loader: Loader) -> None:
        """See what is still there; whoever wants to know is told where there is, or was, something."""
        before = loader.remains.still
        loader.remains.look()
        if before or loader.remains.still:
            self._changed(module)

    def _clear(self, module: str, loader: Loader, residues: Sequence[Residue], hooks: bool) -> None:
        for residue in residues:
            self.told(module, loader.clear(residue, hooks=hooks))
        self._changed(module)
