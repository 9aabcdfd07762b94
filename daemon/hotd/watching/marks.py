"""Marks that run through watchdog behind the events: when one comes out, so has everything that happened before it.

Events pass four hands: the kernel's queue, the thread that reads it, a queue for each tree in which halves of moves
wait for each other, and the observer. A watch that is taken off again is the mark for the first: the kernel says so
behind all that came before. From there on the mark is an event of no file, in the queue of each tree.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.inotify import InotifyWatchGroup
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, WatchDescriptor
from watchdog.observers.inotify_move_event_grouper import PathedInotifyEvent

_PREFIX = "/\0hotd-mark-"
"""No file has that name."""


class Marks:
    """Of one inotify instance. Thread-safe."""

    def __init__(self, put: Callable[[str], WatchDescriptor]) -> None:
        """``put`` sets a watch on a folder and takes it off again."""
        self._put = put
        self._lock = threading.Lock()
        self._made = 0
        self._awaited: dict[WatchDescriptor, str] = {}
        self._out = threading.Condition()
        self._missing: dict[str, int] = {}
        """Mark -> in how many trees it still runs; -1 where the kernel still has it."""

    def run(self, timeout: float) -> bool:
        """Until a mark that starts now has come out of every tree; False after ``timeout`` seconds. Raises OSError."""
        with tempfile.TemporaryDirectory(prefix="hotd-mark-") as folder, self._lock:
            # The lock is held until it is known which watch it was: the event of its end is looked up under it.
            descriptor = self._put(folder)
            self._made += 1
            mark = self._awaited[descriptor] = f"{_PREFIX}{self._made}"
            self._missing[mark] = -1
        with self._out:
            came = self._out.wait_for(lambda: not self._missing[mark], timeout)
            del self._missing[mark]
        return came

    def kernel_told(self, event: InotifyEvent, trees: list[InotifyWatchGroup]) -> bool:
        """Whether the event is one of ours, on the thread that reads them; then the mark goes on into each tree."""
        if not event.is_ignored:
            return False
        with self._lock:
            mark = self._awaited.pop(event.wd, None)
        if mark is None:
            return False
        with self._out:
            if mark in self._missing:
                self._missing[mark] = len(trees)
                self._out.notify_all()
        closed = InotifyEvent(event.wd, InotifyConstants.IN_CLOSE_WRITE, 0, b"")
        for tree in trees:
            # watchdog has no public way to tell of an event that did not happen.
            tree._move_event_grouper.put_event(PathedInotifyEvent(closed, os.fsencode(mark)))
        return True

    def came_out(self, event: FileSystemEvent) -> bool:
        """Whether the event is a mark, on the observer's thread."""
        path = os.fsdecode(event.src_path)
        if not path.startswith(_PREFIX):
            return False
        with self._out:
            if path in self._missing:
                self._missing[path] -= 1
                self._out.notify_all()
        return True

    def handler(self, behind: FileSystemEventHandler) -> FileSystemEventHandler:
        """One that lets marks out and hands on all else."""
        return _Handler(self, behind)


class _Handler(FileSystemEventHandler):
    def __init__(self, marks: Marks, behind: FileSystemEventHandler) -> None:
        self._marks = marks
        self._behind = behind

    def dispatch(self, event: FileSystemEvent) -> None:
        if not self._marks.came_out(event):
            self._behind.dispatch(event)
