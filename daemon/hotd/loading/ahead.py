"""Threads that are there before their jobs.

A save is followed by a while of quiet before it is loaded. To begin a thread, and to read and compile what has changed,
takes longer than all else that a small reload needs of the loader: it is done in that while, and nobody waits for it.
Nothing is executed ahead.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

PATIENCE = 10.0
"""Seconds that a thread waits for a job: the quiet it was begun in is over in less, as anybody would configure it."""
GOODBYE = 1.0
"""Seconds for those that wait to go when all ends."""

log = logging.getLogger("hotd.loading")

Task = Callable[[], None]


class LoaderThread:
    """Runs one job and ends. Until that comes it prepares it: what has not begun by then is left out."""

    def __init__(self, module: str, gone: Callable[[LoaderThread], bool] = lambda _: False) -> None:
        """``gone`` is asked when no job has come: False while one may still come."""
        self.module = module
        self.thread = threading.Thread(target=self._run, name=f"hotd-loader-{module}", daemon=True)
        self._gone = gone
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._job: Task | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be prepared."""
        return self._tasks.empty()

    def prepare(self, task: Task) -> None:
        """Do this first. For who has not given it its job."""
        self._tasks.put(task)
        self._begin()

    def run(self, job: Task) -> None:
        """Run the job. Once."""
        self._job = job
        self._tasks.put(job)
        self._begin()

    def let_go(self) -> None:
        """There will be no job."""
        self.run(lambda: None)

    def _begin(self) -> None:
        if self.thread.ident is None:
            self.thread.start()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            if task is self._job:
                task()
                return
            if self._job is not None:
                continue  # which waits no longer
            try:
                task()
            except Exception:
                # It is only lost time: the job does all of it again that was not done.
                log.exception("a load could not be prepared", extra={"event": "loader.defect", "hosted": self.module})

    def _next(self) -> Task | None:
        try:
            return self._tasks.get(timeout=PATIENCE)
        except queue.Empty:
            return None if self._gone(self) else self._tasks.get()


class Ahead:
    """At most one such thread for each module. To be called from one thread."""

    def __init__(self) -> None:
        self._waiting: dict[str, LoaderThread] = {}
        self._lock = threading.Lock()
        """Guards that, against threads whose patience ends."""

    def prepare(self, module: str, task: Task) -> None:
        """Have a thread for the next job of the module, which does this until that comes. Returns at once."""
        with self._lock:
            known = self._waiting.get(module) or LoaderThread(module, self._gone)
            self._waiting[module] = known
            known.prepare(task)

    def take(self, module: str) -> LoaderThread:
        """The one that waits for a job of the module, or a new one."""
        with self._lock:
            return self._waiting.pop(module, None) or LoaderThread(module)

    def close(self) -> None:
        """Let go of those that wait; whoever reads for longer is not waited for."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            one.let_go()
        until = time.monotonic() + GOODBYE
        for one in waiting.values():
            one.thread.join(max(0.0, until - time.monotonic()))

    def _gone(self, one: LoaderThread) -> bool:
        with self._lock:
            if self._waiting.get(one.module) is not one or not one.idle:
                return False
            del self._waiting[one.module]
            return True
