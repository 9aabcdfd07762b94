"""Polling: looking again and again, where the kernel tells nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, EventEmitter
from watchdog.observers.polling import PollingEmitter, PollingObserverVFS

from hotd.watching.places import Places

_EVENTS: list[type[FileSystemEvent]] = [
    FileModifiedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]


class Polling:
    """Looks at everything each ``interval`` seconds. A half-written file looks like any other: there is no "closed"."""

    name = "polling"

    def __init__(self, places: Places, interval: float) -> None:
        self._places = places
        self._observer = PollingObserverVFS(_stat, self._list, polling_interval=interval)
        self._observer.name = "hotd-watchdog"
        self._observer.start()

    def schedule(self, handler: FileSystemEventHandler, tree: str) -> None:
        _open(tree)
        self._observer.schedule(handler, tree, recursive=True, event_filter=_EVENTS)
        _name_threads(self._observer)

    def folders(self) -> int:
        return sum(_folders(emitter) for emitter in self._observer.emitters.copy())

    def catch_up(self, timeout: float) -> bool:
        return False

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def _list(self, folder: str | None) -> Iterator[os.DirEntry[str]]:
        """What is worth a look: reading a virtual environment once a second would cost more than all else here."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    worth = self._places.enters(entry.path)
                else:
                    worth = entry.is_symlink() or any(True for _ in self._places.wanted(entry.path))
                if worth:
                    yield entry


def _open(tree: str) -> None:
    """Raises OSError for what is no folder: of a file, watchdog would watch the folder that it is in."""
    os.scandir(tree).close()


def _stat(path: str) -> os.stat_result:
    """Of what a link leads to, so that an edit there is seen; but a link to a folder is a link: there are circles."""
    found = os.stat(path)  # noqa: PTH116 - watchdog hands in a str, for every file at every look
    return os.lstat(path) if stat.S_ISDIR(found.st_mode) else found


def _folders(emitter: EventEmitter) -> int:
    """In the last look of a polling emitter, which keeps it to itself."""
    looked = emitter._snapshot if isinstance(emitter, PollingEmitter) else None
    return sum(looked.isdir(path) for path in looked.paths) if looked else 0


def _name_threads(observer: BaseObserver) -> None:
    for number, emitter in enumerate(observer.emitters):
        emitter.name = f"hotd-emitter-{number}"
