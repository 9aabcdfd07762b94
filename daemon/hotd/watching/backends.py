"""What a backend is, and inotify: watchdog's observer with the hands tied that hurt.

Public names of watchdog 7.1, but for one that says why: `_Descriptor._add_callback`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
    inotify_add_watch,
    inotify_rm_watch,
)
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from hotd.watching.limits import blind
from hotd.watching.marks import Marks
from hotd.watching.places import Places

MOVE_DELAY = 0.05
"""Seconds that an IN_MOVED_FROM waits for its IN_MOVED_TO, and with it whatever stands behind it in the queue."""

_STRUCTURE: list[type[FileSystemEvent]] = [
    FileCreatedEvent,  # also of `mv` from outside the tree
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]


class Backend(Protocol):
    """Watches trees and calls a handler, one event at a time, from a thread of its own."""

    @property
    def name(self) -> str: ...

    def schedule(self, handler: FileSystemEventHandler, tree: str) -> None:
        """Watch one tree from now on. Raises OSError."""

    def folders(self) -> int:
        """How many folders are watched now."""

    def catch_up(self, timeout: float) -> bool:
        """Until handlers have all that happened before the call; False where that cannot be said, or not in time."""

    def close(self) -> None:
        """Stop and join all threads. Twice is fine."""


class Inotify:
    """Events of the kernel. Its threads run from the constructor on, which raises OSError at the instance limit."""

    name = "inotify"

    def __init__(self, places: Places, degraded: Callable[[str], None]) -> None:
        self._descriptor = _Descriptor(places, degraded)
        self._observer = _InotifyObserver(self._descriptor)
        self._observer.name = "hotd-watchdog"
        self._observer.start()

    def schedule(self, handler: FileSystemEventHandler, tree: str) -> None:
        _open(tree)
        self._descriptor.trees.add(tree)
        # Without a filter of exactly this kind watchdog hears its own reading of folders: beyond 4,100 of them it burns
        # a core for ever. "modified" is not in it, because half-written is not worth telling; "closed" comes.
        with _short_move_delay():
            self._observer.schedule(
                self._descriptor.marks.handler(handler),
                tree,
                recursive=True,
                event_filter=[FileClosedEvent, *_STRUCTURE],
            )
        _name_threads(self._observer)

    def folders(self) -> int:
        return len(self._descriptor.watched)

    def catch_up(self, timeout: float) -> bool:
        return self._descriptor.marks.run(timeout)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()


class _Descriptor(InotifyFD):
    """The inotify instance, asked before a folder is watched and honest about those that could not be."""

    def __init__(self, places: Places, degraded: Callable[[str], None]) -> None:
        super().__init__()
        self.name = "hotd-inotify"
        self.trees: set[str] = set()
        self.watched: set[WatchDescriptor] = set()
        self._places = places
        self._degraded = degraded
        self._told: set[int | None] = set()
        self._groups: dict[int, InotifyWatchGroup] = {}
        self.marks = Marks(self._set_and_take_off)

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        """Raises OSError for a folder not to be watched: watchdog goes on without it, unless it is a whole tree."""
        folder = os.fsdecode(path)
        if not self._places.enters(folder):
            # Thousands of watches are saved on a virtual environment, and the churn below .git wakes nobody.
            raise OSError(errno.ENOENT, "holds no sources", folder)
        try:
            descriptor = super().add_callback(path, mask, callback, id_)
            if descriptor == -1:  # watchdog takes "permission denied" for a success (`InotifyFD._raise_error`)
                raise OSError(errno.EACCES, os.strerror(errno.EACCES), folder)
        except OSError as error:
            self._tell(folder, error)
            raise
        self.watched.add(descriptor)
        if isinstance(callback, InotifyWatchGroup):
            self._groups[id(callback)] = callback
        return descriptor

    def handle_event(self, event: InotifyEvent) -> None:
        """Every event of the kernel; room for the rescan after an overflow, which reaches no handler (rule 5).

        An exception would end the only thread that reads events, and nobody would notice.
        """
        if self.marks.kernel_told(event, [tree for tree in self._groups.values() if tree.is_active]):
            return
        if event.is_ignored:  # the watch is over: by our own asking, or because the folder is gone
            self.watched.discard(event.wd)
        try:
            super().handle_event(event)
        except Exception as error:  # noqa: BLE001 - a defect of watchdog's, whatever it raises
            # Nothing is lost where a watch is over: it is the KeyError of `deactivate`, and what could be removed is.
            if not event.is_ignored:
                self._degraded(f"an event was lost in watchdog: {type(error).__name__}: {error}")

    def _set_and_take_off(self, folder: str) -> WatchDescriptor:
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF), folder)
            descriptor = inotify_add_watch(self._inotify_fd, os.fsencode(folder), InotifyConstants.IN_DELETE_SELF)
            if descriptor == -1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
            inotify_rm_watch(self._inotify_fd, descriptor)
        return descriptor

    def deactivate(self) -> None:
        """End all trees, so that their emitters can be stopped.

        watchdog 7.1 keeps its book by path: after `mv pkg elsewhere; mv new pkg` two watches have the path of one, and
        removing both is a KeyError (`InotifyWatchGroup._remove_watch_internally`) that leaves the emitter's thread
        waiting for ever. Each attempt removes at least the entry that it fails at, so one of them is the last.
        """
        for group in self._groups.values():
            while True:
                try:
                    group.deactivate()
                except KeyError:
                    continue
                break

    def _add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        """watchdog's own without its RuntimeWarning "already exists".

        Every `mkdir -p` would cause it: a new folder is walked, and then its sub-folders report themselves. It cannot
        be filtered: filters belong to the whole process, so also to the users' modules, and change under their feet.
        """
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd

    def _tell(self, folder: str, error: OSError) -> None:
        """That a part of a tree goes unseen, which watchdog swallows; once for a reason, not for 10,000 folders."""
        gone = error.errno in {errno.ENOENT, errno.ENOTDIR}  # removed, or replaced by a file, just before
        if not gone and folder not in self.trees and error.errno not in self._told:
            self._told.add(error.errno)
            self._degraded(blind(folder, error))


class _InotifyObserver(BaseObserver):
    """watchdog's InotifyObserver with an instance of ours: that one makes its own."""

    def __init__(self, descriptor: _Descriptor) -> None:
        super().__init__(InotifyEmitter, inotify_fd=descriptor)
        self._descriptor = descriptor
        descriptor.start()

    def on_thread_stop(self) -> None:
        self._descriptor.deactivate()
        super().on_thread_stop()
        self._descriptor.stop()
        self._descriptor.join()


_delay_lock = threading.Lock()


@contextlib.contextmanager
def _short_move_delay() -> Iterator[None]:
    """Trees scheduled meanwhile wait ``MOVE_DELAY`` for the other half of a move, instead of half a second.

    The delay is a class attribute, read once for each tree. It is put back because users' modules run in this very
    process, and one of them may use watchdog too: outside of this block it finds what its manual says. The lock keeps
    two watchers from putting back each other's value.
    """
    with _delay_lock:
        usual, InotifyMoveEventGrouper.delay = InotifyMoveEventGrouper.delay, MOVE_DELAY
        try:
            yield
        finally:
            InotifyMoveEventGrouper.delay = usual


def _open(tree: str) -> None:
    """Raises OSError for what is no folder: of a file, watchdog would watch the folder that it is in."""
    os.scandir(tree).close()


def _name_threads(observer: BaseObserver) -> None:
    for number, emitter in enumerate(observer.emitters):
        emitter.name = f"hotd-emitter-{number}"
