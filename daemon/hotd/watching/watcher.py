"""The watcher: from events of the file system to settled batches."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from watchdog.events import EVENT_TYPE_DELETED, FileSystemEvent, FileSystemEventHandler

from hotd.core.interest import CODE, Interest
from hotd.core.settling import Change, Kind, Settling
from hotd.ports import Batch, Clock
from hotd.watching.backends import Backend, Inotify
from hotd.watching.limits import blind, refused
from hotd.watching.places import Places, Root
from hotd.watching.polling import Polling
from hotd.watching.repositories import Repositories

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at where the roots are: a root that is renamed, or a link to it swapped, makes no event."""

LOCK_LOOK = 0.02
"""Seconds between two looks at whether git is done."""

_Standing = tuple[str, int, int]
"""Where a root leads, and which folder is there."""

_OTHER: _Standing = ("", 0, 0)
"""That of no folder."""


CATCHING_UP = 2.0
"""Seconds that a flush waits for what is on its way here; in a thousandth of that it comes."""


class _Arrival(NamedTuple):
    """One path of an event, as watchdog has it."""

    path: str
    kind: Kind
    is_folder: bool
    at: float


class FileWatcher:
    """Tells the sink which files below the roots changed, in batches that have settled.

    A batch has absolute paths, below the root as it was configured (a file in two roots is told under both):

    - files, written, moved in, created or gone: ``.py``, ``.so``, and what fits an ``also`` glob; never what fits an
      ``ignore`` glob, what editors drop, or what lies in ``.git``, ``__pycache__``, ``.venv`` and the like;
    - folders that are gone, deleted or moved away: what was in them is not known any more, and the receiver, who knows
      what it loaded from there, decides. For a folder that appears the files in it are told.

    The paths say where to look, never that the content is another: a batch may hold files that are as they were, and
    at the cap (``settle_max``) or from a slow writer of a new file even one that is half-written; its end is told too.

    While git changes the repository of a root (``index.lock``), nothing is told.

    ``sink`` and ``degraded`` are called from the watcher's threads (``flush``: from the caller's) and must not block;
    what they raise is logged and ends nothing. ``degraded`` is given one sentence whenever changes may go unseen,
    ``restored`` one when a root that was lost is watched again: then everything in it is told.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        sink: Callable[[Batch], None],
        settle: float,
        settle_max: float,
        backend: str,
        interval: float,
        ignore: Sequence[str],
        also: Sequence[str],
        clock: Clock,
        degraded: Callable[[str], None],
        restored: Callable[[str], None],
    ) -> None:
        """``backend`` is "auto" (inotify) or "polling", which looks each ``interval``. All durations in seconds."""
        if backend not in {"auto", "polling"}:
            raise ValueError(f'backend is "auto" or "polling", not {backend!r}')
        self._roots = tuple(roots)
        self._interest = Interest(ignore, also)
        self._places = Places((), self._interest)
        self._sink = sink
        self._polls = backend == "polling"
        self._interval = interval
        self._clock = clock
        self._degraded = degraded
        self._restored = restored
        self._standing: dict[str, _Standing | None] = {}
        """Of each root that lies in no other, when it was last looked at; None while there is no folder."""
        self._backend: Backend | None = None
        self._scheduled: set[str] = set()
        """The trees that it watches, or watched once."""
        self._thread: threading.Thread | None = None
        self._arrival = threading.Condition()
        """Guards the arrivals and `_closed`. Held for an append only: watchdog waits for it."""
        self._arrivals: list[_Arrival] = []
        self._closed = False
        self._handing_over = threading.RLock()
        """Held from taking arrivals until the sink has them, so that `flush` never returns while another thread has a
        batch in its hands. Re-entrant, because a sink may flush."""
        self._settling = Settling(settle, settle_max)
        self._repositories = Repositories(())
        self._not_before = 0.0
        """When git, which held up a batch, is asked about again."""

    def start(self) -> None:
        """Watch from now on: what changes after the return is told.

        Raises CannotWatch with the root, the reason and the cure; then nothing is watched and no thread remains.
        RuntimeError the second time, and after ``close``.
        """
        if self._closed or self._thread is not None:
            raise RuntimeError("a watcher starts once")
        self._places = Places(self._roots, self._interest)
        self._repositories = Repositories(tree.real for tree in self._places.trees())
        self._standing = self._look()
        try:
            for tree in self._places.trees():
                try:
                    self._schedule(tree)
                except OSError as error:
                    raise refused(tree.named, error) from error
        except BaseException:
            self._stop_backend()
            raise
        self._thread = threading.Thread(target=self._settle, name="hotd-watcher", daemon=True)
        self._thread.start()

    def watch(self, roots: Sequence[Path]) -> None:
        """From now on these are the roots: all that lies below a new one is told, and nothing below one that is none.

        One that is not there yet is waited for.
        """
        with self._handing_over:
            self._roots = tuple(dict.fromkeys(roots))
            if self._thread is None or self._closed:
                return
            before, now = {tree.real for tree in self._places.trees()}, self._clock.now().mono
            self._places.move(self._roots)
            self._repositories = Repositories(tree.real for tree in self._places.trees())
            self._standing = self._look()
            new = [tree for tree in self._places.trees() if tree.real not in before]
            if any(tree.real in self._scheduled for tree in new):
                # It was a root before, and whether its watch is still one nobody knows: nobody minded it since.
                self._watch_again(now)
            else:
                self._begin(new, now)
        with self._arrival:
            self._arrival.notify_all()

    def close(self) -> None:
        """Stop watching and join all threads; what is pending is dropped. Twice is fine, and so is before ``start``."""
        with self._arrival:
            self._closed = True
            self._arrival.notify_all()
        self._stop_backend()
        if self._thread is not None and self._thread is not threading.current_thread():  # a sink may close
            self._thread.join()
            self._stop_backend()  # the thread may just have been making another one

    def flush(self) -> None:
        """Hand over all that has changed so far, without waiting for quiet. When it returns, the sink has it.

        With inotify that is everything that was written before the call; polling may not have seen the newest.
        """
        if (backend := self._backend) is not None:
            # A root that is being lost just now closes the instance: whatever it still had is told at the next look.
            with contextlib.suppress(OSError):
                backend.catch_up(CATCHING_UP)
        with self._handing_over:
            self._take_in()
            batch, self._settling = self._settling.everything()
            self._tell_sink(batch)

    def describe(self) -> Mapping[str, Any]:
        """For status: ``backend``, "inotify" or "polling"; how many ``folders`` are watched and ``pending`` files wait.

        A file is pending until it has settled.
        """
        backend = self._backend
        return {
            "backend": Polling.name if self._polls else Inotify.name,
            "folders": backend.folders() if backend is not None else 0,
            "pending": len(self._settling.pending),
        }

    def _schedule(self, tree: Root) -> None:
        """Raises OSError."""
        self._backend = self._backend or self._make_backend()
        self._backend.schedule(_Handler(self._arrived), tree.real)
        self._scheduled.add(tree.real)

    def _make_backend(self) -> Backend:
        if self._polls:
            return Polling(self._places, self._interval)
        return Inotify(self._places, self._tell_degraded)

    def _stop_backend(self) -> None:
        backend, self._backend, self._scheduled = self._backend, None, set()
        if backend is not None:
            backend.close()

    # --- on watchdog's thread --------------------------------------------------------------------------------------

    def _arrived(self, event: FileSystemEvent) -> None:
        """Enqueue, and nothing else: while this runs the kernel's queue fills. An exception would end the observer."""
        try:
            at = self._clock.now().mono
            source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
            gone = bool(target) or event.event_type == EVENT_TYPE_DELETED
            arrivals = [_Arrival(source, Kind.GONE if gone else Kind.WRITTEN, event.is_directory, at)]
            if target:
                arrivals.append(_Arrival(target, Kind.WRITTEN, event.is_directory, at))
            with self._arrival:
                self._arrivals += arrivals
                self._arrival.notify()
        except Exception as error:  # noqa: BLE001 - whatever it is, the observer must live
            self._tell_degraded(f"an event was lost: {type(error).__name__}: {error}", error)

    # --- on hotd-watcher -------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        next_look = 0.0
        while self._wait():
            try:
                with self._handing_over:
                    self._take_in()
                    if (now := self._clock.now().mono) >= next_look:
                        self._mind_roots()
                        next_look = now + LOOK
                    self._tell_settled(self._clock.now().mono)
            except Exception as error:  # noqa: BLE001 - one name that breaks a rule must not end all watching
                self._tell_degraded(f"changes were lost: {type(error).__name__}: {error}", error)

    def _wait(self) -> bool:
        """Until something has arrived or may be due, or it is time to look at the roots; False when closed."""
        with self._arrival:
            # Without `_handing_over`: a flush meanwhile can only leave less to wake up for.
            wake = self._settling.next_wake()
            left = LOOK if wake is None else min(LOOK, max(0.0, wake, self._not_before) - self._clock.now().mono)
            self._arrival.wait_for(lambda: self._arrivals or self._closed, max(0.0, left))
            return not self._closed

    def _tell_settled(self, now: float) -> None:
        """What is due, unless git is in the middle of changing it: half a checkout must not become a rollout."""
        batch, settling = self._settling.due(now)
        if batch is not None and self._repositories.locked(now):
            self._not_before = now + LOCK_LOOK
            if (sentence := self._repositories.overdue(now)) is not None:
                self._tell_degraded(sentence)
            return
        self._settling = settling
        if batch is not None and self._repositories.told:
            self._repositories.told = False
            self._restored("git is done; what changed meanwhile is taken up now")
        self._tell_sink(batch)

    def _take_in(self) -> None:
        """From arrivals to changes worth telling. Needs `_handing_over`."""
        with self._arrival:
            arrivals, self._arrivals = self._arrivals, []
        if not arrivals:
            return
        lost: list[str] = []
        appeared: dict[str, float] = {}
        changes: list[Change] = []
        for path, kind, is_folder, at in arrivals:
            if kind is Kind.GONE and is_folder:
                changes += (Change(name, kind, at) for name in self._places.folder(path))
                lost += [tree.named for tree in self._places.trees() if tree.real == path]
            elif is_folder or self._is_link_to_folder(path, kind):
                appeared[path] = at
            else:
                changes += (Change(name, kind, at) for name in self._places.wanted(path))
        # The walk comes last: where a file vanished and its folder is back, back it is.
        changes += self._inside(appeared)
        self._settling = self._settling.record_all(changes)
        if lost:
            # A new folder may be in its place by now, and may even have its inode: the watch is over in any case.
            self._standing |= {named: _OTHER for named in lost if self._standing[named] is not None}
            self._mind_roots()

    def _is_link_to_folder(self, path: str, kind: Kind) -> bool:
        """`current -> releases/7` swapped: to inotify that is a file, to Python all that lies behind it is new."""
        return (
            kind is Kind.WRITTEN
            and not path.endswith(CODE)
            and self._places.enters(path)
            and os.path.islink(path)  # noqa: PTH114 - never raises, whatever became of the path meanwhile
            and os.path.isdir(path)  # noqa: PTH112 - the same
        )

    def _inside(self, folders: Mapping[str, float]) -> Iterable[Change]:
        """The files in folders that appeared, links to folders not followed."""
        for top, at in folders.items():
            if any(str(above) in folders for above in Path(top).parents) or not self._places.enters(top):
                continue
            for folder, inner, files in os.walk(top):
                inner[:] = [name for name in inner if self._places.enters(f"{folder}/{name}")]
                for file in files:
                    for name in self._places.wanted(f"{folder}/{file}"):
                        yield Change(name, Kind.WRITTEN, at)

    def _mind_roots(self) -> None:
        """A root that goes takes its watch with it, and watchdog minds neither that nor a new one in its place.

        Needs `_handing_over`.
        """
        before, self._standing = self._standing, self._look()
        if before == self._standing or self._closed:
            return
        now = self._clock.now().mono
        found: list[str] = []
        for named, standing in self._standing.items():
            if standing is not None and standing != before[named]:
                found.append(named)
            elif standing is None and before[named] is not None:
                self._settling = self._settling.record(named, Kind.GONE, now)
                self._tell_degraded(f"source root {named} was removed; changes below it go unseen")
        if found and self._watch_again(now):
            self._restored(f"source root {' and '.join(found)} is watched again")

    def _look(self) -> dict[str, _Standing | None]:
        return {tree.named: _standing(tree.named) for tree in self._places.trees()}

    def _watch_again(self, now: float) -> bool:
        """All that is there, from the beginning, and all of it told. False where something stays unseen."""
        self._stop_backend()
        self._places = Places(self._roots, self._interest)
        self._repositories = Repositories(tree.real for tree in self._places.trees())
        self._standing = self._look()
        return self._begin(self._places.trees(), now)

    def _begin(self, trees: Iterable[Root], now: float) -> bool:
        """Watch these trees, and tell all that is in them. False where something stays unseen."""
        complete = True
        for tree in trees:
            try:
                self._schedule(tree)
            except OSError as error:
                complete = False
                if self._standing[tree.named] is not None:
                    self._tell_degraded(blind(tree.named, error))
                continue
            gone = [Change(name, Kind.GONE, now) for name in self._places.folder(tree.real)]
            self._settling = self._settling.record_all([*gone, *self._inside({tree.real: now})])
        return complete

    def _tell_sink(self, batch: Batch | None) -> None:
        if batch is None:
            return
        try:
            self._sink(batch)
        except Exception as error:  # noqa: BLE001 - the next batch may fare better, and somebody must bring it
            self._tell_degraded(f"a batch was lost: {type(error).__name__}: {error}", error)

    def _tell_degraded(self, sentence: str, error: BaseException | None = None) -> None:
        log.warning(sentence, exc_info=error, extra={"event": "watch.degraded"})
        try:
            self._degraded(sentence)
        except Exception:
            log.exception("nobody could be told of it", extra={"event": "watch.degraded"})


class _Handler(FileSystemEventHandler):
    def __init__(self, arrived: Callable[[FileSystemEvent], None]) -> None:
        self._arrived = arrived

    def dispatch(self, event: FileSystemEvent) -> None:
        self._arrived(event)


def _standing(root: str) -> _Standing | None:
    real = os.path.realpath(root)
    try:
        found = os.stat(f"{real}/")  # noqa: PTH116 - once a second; the slash asks for a folder
    except OSError:
        return None
    return real, found.st_dev, found.st_ino
