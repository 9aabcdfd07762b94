"""The inotify instance: watchdog's, asked before a folder is watched, and honest about what it could not do."""

from __future__ import annotations

import errno
import logging
import os
import time
from typing import Protocol

from watchdog.observers.inotify import InotifyWatchGroup
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

from hotd.watching.marks import Marks
from hotd.watching.places import Places

log = logging.getLogger("hotd.watching")

_NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
"""Removed, or replaced by a file, just before; or so deep that Python cannot open what lies in it, nor anybody tell
whether it is there still."""

HALVED = 1.0
"""Seconds for which half of a move counts: all that it holds up has arrived by then."""


class Concerned(Protocol):
    """Who is told, on the thread that reads the events; it must not block."""

    def overflowed(self) -> None:
        """The kernel dropped events; the folders are watched again by now, what is in them has to be looked at."""

    def missed(self, error: Exception) -> None:
        """An event could not be handled."""


class Descriptor(InotifyFD):
    """Public names of watchdog 7.1, but for those that say why.

    ``unwatched`` has the folders that should be watched and could not be, with the number of the error.
    """

    def __init__(self, places: Places, concerned: Concerned) -> None:
        """OSError where there is no instance to be had."""
        super().__init__()
        self.name = "hotd-inotify"
        self.watched: set[WatchDescriptor] = set()
        self.unwatched: dict[str, int] = {}
        self.heard = 0.0
        """When the last event was read: monotonic seconds."""
        self.begun: set[bytes] = set()
        """New files that nobody has closed so far."""
        self._halves: dict[int, float] = {}
        """The cookies of moves of which the first half was read and the second was not, and when."""
        self._places = places
        self._concerned = concerned
        self._groups: dict[int, InotifyWatchGroup] = {}
        self.marks = Marks(self._set_and_take_off)

    def run(self) -> None:
        try:
            super().run()
        except BaseException:
            log.exception("nobody reads the events any more", extra={"event": "watch.defect"})
            self._is_reading = False  # else whoever closes would wait for this thread to close the descriptors

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        """Raises OSError for a folder not to be watched: watchdog goes on without it, unless it is a whole tree."""
        folder = os.fsdecode(path)
        if not self._places.enters(folder):
            # Thousands of watches are saved on a virtual environment, and the churn below .git wakes nobody.
            self.unwatched.pop(folder, None)  # its root may be none any more
            raise OSError(errno.ENOENT, "holds no sources", folder)
        try:
            descriptor = super().add_callback(path, mask, callback, id_)
            if descriptor == -1:  # watchdog takes "permission denied" for a success (`InotifyFD._raise_error`)
                raise OSError(errno.EACCES, os.strerror(errno.EACCES), folder)
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                self.unwatched.pop(folder, None)
            else:
                self.unwatched[folder] = error.errno or 0
            raise
        self.unwatched.pop(folder, None)
        self.watched.add(descriptor)
        if isinstance(callback, InotifyWatchGroup):
            self._groups[id(callback)] = callback
        return descriptor

    def handle_event(self, event: InotifyEvent) -> None:
        """Every event of the kernel.

        An exception would end the only thread that reads them, and nobody would notice.
        """
        self.heard = time.monotonic()
        if self.marks.kernel_told(event, [tree for tree in self._groups.values() if tree.is_active]):
            return
        if event.is_ignored:  # the watch is over: by our own asking, or because the folder is gone
            self.watched.discard(event.wd)
        if event.is_moved_from:
            self._halves = {cookie: at for cookie, at in self._halves.items() if at > self.heard - HALVED}
            self._halves[event.cookie] = self.heard
        elif event.is_moved_to:
            self._halves.pop(event.cookie, None)
        if not event.is_directory:
            self._note_begun(event)
        try:
            super().handle_event(event)
        except Exception as error:  # noqa: BLE001 - a defect of watchdog's, whatever it raises
            # Nothing is lost where a watch is over: it is the KeyError of `deactivate`, and what could be removed is.
            if not event.is_ignored:
                self._concerned.missed(error)
        if event.is_queue_overflow:  # which reaches no handler
            self.begun.clear()
            self._concerned.overflowed()

    @property
    def halved(self) -> bool:
        """Whether half of a move was read a moment ago. From any thread."""
        since = time.monotonic() - HALVED
        return any(at > since for at in tuple(self._halves.values()))

    def try_again(self, folder: str) -> bool:
        """Whether the folder, which was not watched, is by now; then what lies in it was tried as well."""
        for group in tuple(self._groups.values()):
            tree = os.fsdecode(group.path)
            if group.is_active and (folder == tree or folder.startswith(tree.rstrip("/") + "/")):
                with group._lock:  # what watchdog does itself when a folder appears; there is no public way
                    group._add_all_callbacks(os.fsencode(folder))
                return folder not in self.unwatched
        return False

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

    def _note_begun(self, event: InotifyEvent) -> None:
        """Before anybody can be told: by then the file may be closed, and is, most often."""
        if not event.is_create and not self.begun:
            return
        for group in tuple(self._groups.values()):
            folder = group._active_callbacks_by_watch.get(event.wd)  # it knows where a folder was moved to
            if folder is not None:
                path = os.path.join(folder, event.name)  # noqa: PTH118 - bytes, for each event
                if event.is_create:
                    self.begun.add(path)
                else:
                    self.begun.discard(path)

    def _set_and_take_off(self, folder: str) -> WatchDescriptor:
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF), folder)
            descriptor = inotify_add_watch(self._inotify_fd, os.fsencode(folder), InotifyConstants.IN_DELETE_SELF)
            if descriptor == -1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
            inotify_rm_watch(self._inotify_fd, descriptor)
        return descriptor

    def _add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        """watchdog's own without its RuntimeWarning "already exists".

        Every `mkdir -p` would cause it: a new folder is walked, and then its sub-folders report themselves. It cannot
        be filtered: filters belong to the whole process, so also to the users' modules, and change under their feet.
        """
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd
