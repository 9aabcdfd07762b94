"""Events on their way from watchdog's thread to the watcher's."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import NamedTuple

from watchdog.events import EVENT_TYPE_DELETED, FileSystemEvent, FileSystemEventHandler

from hotd.core.interest import CODE
from hotd.core.settling import Kind
from hotd.core.values import Instant
from hotd.ports import Clock
from hotd.watching.backends import FileBegunEvent, waited, was_held_up
from hotd.watching.places import Places


class Arrival(NamedTuple):
    """One path of an event that matters to a root, as watchdog has it."""

    path: str
    kind: Kind
    is_folder: bool
    """Or a link to one."""
    at: float
    """Monotonic seconds."""


class Arrivals(FileSystemEventHandler):
    """Lets through what matters, and wakes the watcher's thread for nothing else.

    Editors' droppings, ``.git``, byte code and whatever else nobody asked for end here.
    """

    def __init__(
        self,
        places: Callable[[], Places],
        clock: Clock,
        lost: Callable[[Exception], None],
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        """``lost`` is told of an event that could not be understood, ``hurry`` whenever something arrives."""
        self._hurry = hurry
        self._places = places
        self._clock = clock
        self._lost = lost
        self._news = threading.Condition()
        """Guards all below. Held for an append only: watchdog waits for it."""
        self._arrivals: list[Arrival] = []
        self._urged = False
        self.closed = False
        self.last: Instant | None = None
        """When the newest one came."""
        self.held_up = False
        """Whether one came that had waited for half of a move, until somebody has caught up: all that comes behind it
        did, and is quiet by now."""

    def dispatch(self, event: FileSystemEvent) -> None:
        """Enqueue, and nothing else: while this runs the kernel's queue fills. An exception would end the observer."""
        try:
            source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
            kind = Kind.BEGUN if isinstance(event, FileBegunEvent) else Kind.WRITTEN
            gone = bool(target) or event.event_type == EVENT_TYPE_DELETED
            self._arrived(source, Kind.GONE if gone else kind, event)
            if target:
                self._arrived(target, Kind.WRITTEN, event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the observer must live
            self._lost(error)

    @property
    def some(self) -> bool:
        """Whether something has arrived, or somebody urges."""
        return bool(self._arrivals) or self._urged or self.closed

    def take(self) -> list[Arrival]:
        """Everything that has arrived, in its order."""
        with self._news:
            arrivals, self._arrivals, self._urged = self._arrivals, [], False
        return arrivals

    def wait(self, seconds: float) -> bool:
        """Until something has arrived, somebody urges, or so much time is over; False when closed."""
        with self._news:
            self._news.wait_for(lambda: self.some, seconds)
            return not self.closed

    def urge(self) -> None:
        """Whoever waits has something else to look at."""
        with self._news:
            self._urged = True
            self._news.notify_all()

    def close(self) -> None:
        with self._news:
            self.closed = True
            self._news.notify_all()

    def _arrived(self, path: str, kind: Kind, event: FileSystemEvent) -> None:
        places = self._places()
        is_folder = event.is_directory or (kind is not Kind.GONE and _is_link_to_folder(path, places))
        if not any(True for _ in (places.folder(path) if is_folder else places.wanted(path))):
            return
        self._hurry()
        now = self._clock.now()
        with self._news:
            self._arrivals.append(Arrival(path, kind, is_folder, now.mono - waited(event)))
            self.held_up = self.held_up or was_held_up(event)
            self.last = now
            self._news.notify_all()


def _is_link_to_folder(path: str, places: Places) -> bool:
    """`current -> releases/7` swapped: to inotify that is a file, to Python all that lies behind it is new."""
    return (
        not path.endswith(CODE)
        and os.path.islink(path)  # noqa: PTH114 - never raises, whatever became of the path meanwhile
        and os.path.isdir(path)  # noqa: PTH112 - the same
        and places.enters(path)
    )
