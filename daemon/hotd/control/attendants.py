"""The threads of a door: each accepts a caller, serves it to its end, and is there for the next one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hotd.control.callers import Caller

MOST_IDLE = 8
"""Threads of a door that wait for callers. To make one takes as long as an answer; callers come and go."""


class Attendants:
    """At least one waits at the door, whoever is served; another is made where the last one has somebody to serve.

    The kernel wakes one of them for each connection, so that nobody hands a caller to somebody else: to wait for
    another thread is to wait for the interpreter, behind every busy instance.
    """

    def __init__(
        self,
        name: str,
        *,
        accept: Callable[[], Caller | None],
        serve: Callable[[Caller], None],
        thread: Callable[..., threading.Thread] = threading.Thread,
    ) -> None:
        """``accept`` waits for a caller, and gives None where there is none after all; ``serve`` sees it off, too.
        Neither raises."""
        self._name = name
        self._accept = accept
        self._serve = serve
        self._thread = thread
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._at_door = 0
        self._over = False

    def start(self) -> None:
        """Raises RuntimeError where there is no thread to be had."""
        self._add()

    def leave_door(self, wake: Callable[[], None]) -> None:
        """Returns when nobody accepts any more: whoever was accepted is being served. ``wake`` ends all waits."""
        with self._changed:
            self._over = True
        wake()
        with self._changed:
            self._changed.wait_for(lambda: not self._at_door)

    def join(self, deadline: float) -> list[str]:
        """The names of those that have not ended by ``deadline``, on the monotonic clock: they stand in a call."""
        with self._changed:
            threads = set(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [thread.name for thread in threads if thread.is_alive()]

    def _add(self) -> None:
        thread = self._thread(target=self._work, name=self._name, daemon=True)
        with self._changed:
            if self._over:
                return
            self._threads.add(thread)
            self._at_door += 1
        try:
            # Outside: the first that the new thread wants is what is held here, and it would wait for this thread to
            # be woken twice.
            thread.start()
        except RuntimeError:
            with self._changed:
                self._threads.discard(thread)
                self._leaves()
            raise

    def _work(self) -> None:
        me = threading.current_thread()
        try:
            while not self._over and self._at_door <= MOST_IDLE:
                caller = self._accept()
                if caller is not None:
                    self._attend(me, caller)
                    del caller  # who is idle keeps nothing of whom it served
        finally:
            # Whatever ended it: who does not wait at the door must not be counted there, or nobody would be.
            with self._changed:
                self._threads.discard(me)
                self._leaves()

    def _attend(self, me: threading.Thread, caller: Caller) -> None:
        with self._changed:
            self._leaves()
            last = not self._at_door
        try:
            if last:
                self._add()
        except RuntimeError:  # the machine has no thread left, and a door without anybody is none
            caller.cut()
        me.name = f"{self._name}-{caller.number}"
        try:
            self._serve(caller)
        finally:
            me.name = self._name
            with self._changed:
                self._at_door += 1

    def _leaves(self) -> None:
        self._at_door -= 1
        self._changed.notify_all()
