"""Every tree by inotify as far as it can be had, and by polling where not."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterator, Mapping

from watchdog.events import FileSystemEvent, FileSystemEventHandler

from hotd.ports import WatchTrouble
from hotd.watching import limits
from hotd.watching.backends import Backend, Inotify
from hotd.watching.descriptor import Concerned
from hotd.watching.health import Health
from hotd.watching.mounts import Mounts
from hotd.watching.places import Places, Root
from hotd.watching.polling import Polling

MOST_TRIED = 100
"""Folders that are tried again at one look; of those beyond the limit one is tried for all."""


class Watched:
    """What watches the trees of one watcher. Used by one thread at a time, but for what says otherwise."""

    def __init__(
        self,
        places: Places,
        handler: FileSystemEventHandler,
        concerned: Concerned,
        health: Health,
        *,
        polls: bool,
        interval: float,
        mounts: Mounts,
    ) -> None:
        """``polls``: nothing is asked of inotify."""
        self._places = places
        self._mounts = mounts
        self._deaf: dict[str, str] = {}
        """Trees, and folders in them, that inotify tells nothing of or too little; and the types of file system."""
        self._handler = handler
        self._concerned = concerned
        self._health = health
        self._polls = polls
        self._interval = interval
        self._inotify: Inotify | None = None
        self._refused: OSError | None = None
        """Why there is no instance of that."""
        self._by_kernel: set[str] = set()
        self._polling: Polling | None = None
        self._polled: set[str] = set()
        self._beyond: set[str] = set()
        self.trees: set[str] = set()
        """Those that it watches, or watched once."""

    def schedule(self, tree: Root) -> None:
        """Watch it from now on. Raises OSError for what is no folder, or one that is closed to us."""
        os.scandir(tree.real).close()
        deaf = self._mounts.deaf(tree.real)
        if tree.real in deaf or not self._has_inotify():
            self._poll(tree.real)
        else:
            self._ask_kernel(tree.real)
            for folder in deaf:
                self._poll(folder)
        self._deaf |= deaf
        self.trees.add(tree.real)

    def look(self, standing: Collection[str]) -> tuple[bool, list[str]]:
        """Mind what is not as it should be: whether all has to begin anew, and if not, the folders watched at last.

        ``standing`` are the trees that are there.
        """
        if self._refused is not None and limits.has_instance():
            return True, []
        if self._mounts.changed() and self._deaf != _all_deaf(self._mounts, self.trees):
            return True, []
        if self._inotify is not None and (name := self._inotify.ended(standing)) is not None:
            again = f"the thread {name} had ended; it was started anew, and everything was looked at again"
            self._health.healed(WatchTrouble("thread-ended", again))
            return True, []
        found = list(self._try_again())
        return False, [*found, *self.mind()]

    def mind(self) -> list[str]:
        """Tell what is not as it should be, and poll what cannot be watched: the folders of which that is true by now.

        What has changed in those meanwhile nobody has seen.
        """
        unwatched = self._inotify.unwatched if self._inotify is not None else {}
        beyond = [folder for folder, number in unwatched.items() if number == errno.ENOSPC]
        new, self._beyond = [folder for folder in beyond if folder not in self._beyond], set(beyond)
        for tree in self.trees:
            if any(_lies_in(folder, tree) for folder in beyond):
                self._poll(tree)
        if (
            self._polling is not None
            and self._inotify is not None
            and not (beyond or self._deaf)
            and self._by_kernel == self.trees
        ):
            self._stop_polling()
        refused = [limits.no_instance(self._refused)] if self._refused is not None else []
        self._health.only(limits.NO_INSTANCE, refused)
        self._health.only(limits.TOO_MANY, limits.too_many(unwatched, self.folders() + len(unwatched)))
        polled = self._polling.closed if self._polling is not None else {}
        self._health.only(limits.CLOSED, limits.closed({**unwatched, **polled}))
        return new

    def close(self) -> None:
        """Twice is fine."""
        inotify, self._inotify = self._inotify, None
        if inotify is not None:
            inotify.close()
        self._stop_polling()

    # --- from any thread ---------------------------------------------------------------------------------------------

    @property
    def backend(self) -> str:
        """By which most is watched."""
        polls = self._polls or self._refused is not None or (self._inotify is None and self._polling is not None)
        return Polling.name if polls else Inotify.name

    def folders(self) -> int:
        """How many are watched, or looked at where nothing is."""
        inotify, polling = self._inotify, self._polling
        watched = inotify.folders() if inotify is not None else 0
        if polling is None:
            return watched
        return watched + polling.folders(set(self._deaf) if inotify is not None else None)

    def polled(self) -> Mapping[str, str]:
        """The folders that are looked at because of where they lie, and the type of the file system."""
        return self._deaf.copy()

    def round(self) -> float | None:
        """Seconds within which everything is looked at that is; None where nothing has to be."""
        polling = self._polling
        return polling.round() if polling is not None else None

    def unwatched(self) -> int:
        """How many should be and are not."""
        return len(self._inotify.unwatched) if self._inotify is not None else 0

    def catch_up(self, timeout: float, *, polled: float) -> None:
        """Until the kernel's events of all that happened before are in, or no longer.

        And what it tells nothing of is looked at, all of it, where that takes less than ``polled`` seconds;
        half-written files are told as they are.
        """
        polling = self._polling
        looks = polling is not None and polling.whole() < polled
        backends: tuple[Backend | None, ...] = (self._inotify, polling if looks else None)
        for backend in backends:
            if backend is not None:
                backend.catch_up(timeout)

    def covers(self, path: str) -> bool:
        """Whether inotify tells of this."""
        inotify = self._inotify
        return (
            inotify is not None
            and any(_lies_in(path, tree) for tree in self._by_kernel)
            and not any(_lies_in(path, folder) for folder in (*inotify.unwatched, *self._deaf))
        )

    # -----------------------------------------------------------------------------------------------------------------

    def _has_inotify(self) -> bool:
        if self._inotify is None and self._refused is None and not self._polls:
            try:
                self._inotify = Inotify(self._places, self._concerned)
            except OSError as error:
                self._refused = error
        return self._inotify is not None

    def _ask_kernel(self, tree: str) -> bool:
        """Whether it watches the tree now. Raises OSError, but for the limit, which `say` minds."""
        assert self._inotify is not None
        try:
            self._inotify.schedule(self._handler, tree)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False  # the folder is among the unwatched
        self._by_kernel.add(tree)
        return True

    def _poll(self, tree: str) -> None:
        if tree not in self._polled:
            self._polling = self._polling or Polling(self._places, self._interval)
            self._polling.schedule(_Uncovered(self._handler, self), tree)
            self._polled.add(tree)

    def _stop_polling(self) -> None:
        polling, self._polling, self._polled = self._polling, None, set()
        if polling is not None:
            polling.close()

    def _try_again(self) -> Iterator[str]:
        """The folders that are watched at last."""
        inotify = self._inotify
        if inotify is None:
            return
        unwatched = inotify.unwatched
        beyond = [folder for folder, number in unwatched.items() if number == errno.ENOSPC]
        for folder in [folder for folder in unwatched if folder not in beyond][:MOST_TRIED]:
            if inotify.try_again(folder):
                yield folder
        for folder in beyond:
            if folder not in inotify.unwatched:
                continue  # it came with one above it
            with contextlib.suppress(OSError):  # of a root: it is not there any more, which is minded elsewhere
                if not (self._ask_kernel(folder) if folder in self.trees else inotify.try_again(folder)):
                    return
                yield folder


class _Uncovered(FileSystemEventHandler):
    """Lets through what inotify does not tell of: else each save would be told twice."""

    def __init__(self, behind: FileSystemEventHandler, watched: Watched) -> None:
        self._behind = behind
        self._watched = watched

    def dispatch(self, event: FileSystemEvent) -> None:
        if not self._watched.covers(os.fsdecode(event.src_path)):
            self._behind.dispatch(event)


def _all_deaf(mounts: Mounts, trees: Collection[str]) -> dict[str, str]:
    return {folder: kind for tree in trees for folder, kind in mounts.deaf(tree).items()}


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
