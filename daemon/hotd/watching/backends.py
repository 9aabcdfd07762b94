"""What a backend is, and inotify: watchdog's observer with the hands tied that hurt."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
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
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from hotd.watching.descriptor import Concerned, Descriptor
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

    def __init__(self, places: Places, concerned: Concerned) -> None:
        self._descriptor = Descriptor(places, concerned)
        self._observer = _InotifyObserver(self._descriptor)
        self._observer.name = "hotd-watchdog"
        self._observer.start()

    def schedule(self, handler: FileSystemEventHandler, tree: str) -> None:
        _open(tree)
        # Without a filter of exactly this kind watchdog hears its own reading of folders: beyond 4,100 of them it burns
        # a core for ever. "modified" is not in it, because half-written is not worth telling; "closed" comes.
        with _short_move_delay():
            self._observer.schedule(
                self._descriptor.marks.handler(_Noting(handler, self._descriptor)),
                tree,
                recursive=True,
                event_filter=[FileClosedEvent, *_STRUCTURE],
            )
        _name_threads(self._observer)

    def folders(self) -> int:
        return len(self._descriptor.watched)

    def catch_up(self, timeout: float) -> bool:
        return self._descriptor.marks.run(timeout)

    @property
    def unwatched(self) -> Mapping[str, int]:
        """The folders that should be watched and could not be, with the number of the error; as it is now."""
        return self._descriptor.unwatched.copy()

    def try_again(self, folder: str) -> bool:
        """Whether a folder that was not watched is by now; then what lies in it was tried as well."""
        return self._descriptor.try_again(folder)

    def ended(self, trees: Collection[str]) -> str | None:
        """The name of a thread that is no more, though it is needed for these trees."""
        emitters = [one for one in self._observer.emitters.copy() if one.watch.path in trees]
        needed: tuple[threading.Thread, ...] = (self._descriptor, self._observer, *emitters)
        return next((thread.name for thread in needed if not thread.is_alive()), None)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()


def was_held_up(event: FileSystemEvent) -> bool:
    """Whether it may have waited for the other half of a move, its own or that of one before it."""
    return bool(vars(event).get("held_up", False))


def waited(event: FileSystemEvent) -> float:
    """Seconds since the event was read, at least; 0 of one that no kernel told."""
    return float(vars(event).get("waited", 0.0))


class FileBegunEvent(FileCreatedEvent):
    """A new file, and who writes it has not closed it."""


class _Noting(FileSystemEventHandler):
    """Adds to an event what watchdog does not tell: whether the file is being written, and how long it took to here.

    That is from the last event that was read: beside busy threads an event is milliseconds on its way, and what is
    quiet is quiet since then.
    """

    def __init__(self, behind: FileSystemEventHandler, descriptor: Descriptor) -> None:
        self._behind = behind
        self._descriptor = descriptor

    def dispatch(self, event: FileSystemEvent) -> None:
        if isinstance(event, FileCreatedEvent) and os.fsencode(event.src_path) in self._descriptor.begun:
            event = FileBegunEvent(event.src_path)
        waited = time.monotonic() - self._descriptor.heard
        # Beside busy threads all are late, and to wait for what is behind them would take as long again.
        vars(event).update(waited=waited, held_up=waited > MOVE_DELAY / 2 and self._descriptor.halved)
        self._behind.dispatch(event)


class _InotifyObserver(BaseObserver):
    """watchdog's InotifyObserver with an instance of ours: that one makes its own."""

    def __init__(self, descriptor: Descriptor) -> None:
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
