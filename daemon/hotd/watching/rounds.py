"""Rounds through trees, a slice at a time: what the polling backend looks at, and when."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from watchdog.events import (
    DirDeletedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from hotd.watching.allowance import SHARE, Allowance
from hotd.watching.looking import ABSENT, Folder, Look, Mark, inside, mark_of
from hotd.watching.places import Places
from hotd.watching.suspects import Suspects

RUSH = 3.0
"""Seconds that a whole look may take, to be taken where something has changed: no more often than two rounds."""
TRIED = 500
"""Entries that are looked at once more in the beginning, to know what one takes when it was looked at just before."""
APART = 10
"""In as many folders at least, of those that are there: they may be few and large, and one of them empty."""
WARM = 30
"""For how many intervals a folder in which something changed is looked at in each."""
MOST_WARM = 50
"""So many folders at once; of more the last."""


@dataclass(slots=True)
class _Tree:
    handler: FileSystemEventHandler
    folders: dict[str, Folder]
    """What was told of each."""


class Rounds:
    """Looks at everything, again and again, at the expense of a tenth of a whole look in each interval: `Allowance`.

    What differs from the last look is looked at again half an interval later; if it is the same then, it is told: a
    half-written file looks like any other. The first of many looks at everything else before, so that one deploy is one
    batch. Where something has just changed there is a look in each interval; elsewhere within ``length``.

    Time is given by the caller, in monotonic seconds. Not thread-safe.
    """

    def __init__(
        self,
        places: Places,
        interval: float,
        mark: Mark = mark_of,
        spent: Callable[[], float] = time.thread_time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places = places
        self._mark = mark
        self._spent = spent
        self._passed = passed
        self._allowance = Allowance(interval)
        self._interval = interval
        self._trees: dict[str, _Tree] = {}
        self.closed: dict[str, int] = {}
        """Folders that could not be read at the last look, and the number of the error."""
        self._suspects = Suspects(mark, interval / 2)
        self.cost = 0.0
        """Seconds that a whole look takes."""
        self._rushed = float("-inf")
        self._warm: dict[str, float] = {}
        """Folder -> until when; in the order of their last change."""
        self._warm_due = 0.0
        self._round: Iterator[None] | None = None
        self._began = -1.0
        self._counted = 0
        self._took = 0.0

    def folders(self, trees: Collection[str] | None = None) -> int:
        """How many folders are known, in all trees or in some."""
        return sum(len(tree.folders) for top, tree in list(self._trees.items()) if trees is None or top in trees)

    @property
    def length(self) -> float:
        """Seconds that a round takes: the last one, or the longest that it should, before there is one and while
        somebody edits: what has just changed is looked at first then."""
        slowest = self._allowance.slowest
        return max(self._took, slowest) if self._warm else self._took or slowest

    def begin(self, top: str, handler: FileSystemEventHandler) -> None:
        """From now on, what changes in this tree is told."""
        for inner in [name for name in self._trees if name == top or name.startswith(inside(top, ""))]:
            del self._trees[inner]
        tree = self._trees[top] = _Tree(handler, {top: Folder()})
        began = self._passed()
        for look in self._walk(tree, [top]):
            self._allowance.entries += 1  # a folder costs something too
            try:
                for _ in look.steps():
                    self._allowance.entries += 1
            except OSError as error:
                self._cannot(look.folder, error)
                continue
            tree.folders[look.folder] = Folder.of(look.files, look.inner)
        self.cost += self._passed() - began
        self._try(tree)

    def everything(self, now: float) -> None:
        """One look at all there is; what differs is told at once."""
        self._suspects.clear()
        for _ in self._all(now, at_once=True):
            pass
        self._round = None

    def slice(self, now: float) -> None:
        """As much as may be done by now."""
        self._look_twice(now)
        self._allowance.grant(now)
        if now >= self._warm_due:
            self._warm_due = now + self._interval
            self._look_at_warm(now)
        before = self._spent()
        self._go_on(now)
        # Only that: the others have their bounds, and a rest for them too would come off the round.
        self._allowance.pay(now, self._spent() - before)

    def next_wake(self, now: float) -> float:
        """When the next slice is due."""
        begun = self._round is not None or self._began < 0
        wakes = [self._allowance.next_slice(now) if begun else self._began + self._interval]
        wakes.append(self._suspects.next_due())
        wakes += [self._warm_due] if self._warm else []
        return max(now + self._allowance.pause / 10, min(wakes))

    # --- looking -----------------------------------------------------------------------------------------------------

    def _go_on(self, now: float) -> None:
        """With the round, or begin another, as far as that is allowed."""
        if self._round is not None:
            self._allowance.keep_up(self._counted, now - self._began)
        while self._allowance.some:
            if self._round is None:
                if self._began >= 0 and now < self._began + self._interval:
                    self._allowance.waive()
                    return
                self._began, self._counted = now, 0
                self._round = self._all(now)
            self._allowance.take()
            self._counted += 1
            try:
                next(self._round)
            except StopIteration:
                self._allowance.entries, self._took = self._counted, max(now - self._began, self._interval)
                self._round = None

    def _try(self, tree: _Tree) -> None:
        """Learn what looks take, by folders from all over the tree, of which everything was read just before."""
        entries, began = 0, self._spent()
        each = 1 + min(self._allowance.entries // TRIED, len(tree.folders) // APART)
        for folder in list(tree.folders)[each // 2 :: each]:
            with contextlib.suppress(OSError):
                for _ in Look(folder, tree.folders[folder], self._places, self._mark).steps():
                    entries += 1
                    if entries == TRIED:
                        break
            if entries == TRIED:
                break
        self._allowance.learn(entries, self._spent() - began)

    def _all(self, now: float, *, at_once: bool = False) -> Iterator[None]:
        """Every folder that is known, and those that are found meanwhile, entry by entry."""
        for top, tree in list(self._trees.items()):
            if not self._places.enters(top):
                for folder in self._trees.pop(top).folders:  # no root any more
                    self.closed.pop(folder, None)
                continue
            for look in self._walk(tree, list(tree.folders)):
                yield from self._compare(tree, look, now, at_once)

    def _walk(self, tree: _Tree, folders: list[str]) -> Iterator[Look]:
        """A look for each, to be taken before the next is asked for, and for those that are found in them."""
        waiting = deque(folders)
        while waiting:
            folder = waiting.popleft()
            if (before := tree.folders.get(folder)) is None:
                continue  # gone meanwhile
            look = Look(folder, before, self._places, self._mark)
            yield look
            found = [path for name in look.inner if (path := inside(folder, name)) not in tree.folders]
            tree.folders.update((path, Folder()) for path in found)
            waiting.extendleft(found)

    def _compare(self, tree: _Tree, look: Look, now: float, at_once: bool) -> Iterator[None]:
        folder, before = look.folder, tree.folders[look.folder]
        try:
            yield from look.steps()
        except OSError as error:
            self._cannot(folder, error)
            if folder not in self.closed:
                self._suspect_folder(tree, folder, now, at_once)
            return
        self.closed.pop(folder, None)
        yield  # for the folder
        if tree.folders.get(folder) is not before:
            return  # something of it was told while it was looked at: the next look is the better one
        gone = before.folders().difference(look.inner)
        tree.folders[folder] = before._replace(inner="/".join({*look.inner, *gone}))
        for name in gone:
            self._suspect_folder(tree, inside(folder, name), now, at_once)
        differing = look.differing()
        if at_once:
            self._tell(tree, folder, differing, now)
            return
        for name, mark in differing.items():
            self._suspects.suspect(inside(folder, name), mark, now)

    def _cannot(self, folder: str, error: OSError) -> None:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            self.closed.pop(folder, None)
        else:
            self.closed[folder] = error.errno or 0

    def _suspect_folder(self, tree: _Tree, folder: str, now: float, at_once: bool) -> None:
        if at_once:
            self._tell_gone(tree, folder, now)
        elif folder in tree.folders:
            self._suspects.suspect(folder, ABSENT, now, folder=True)

    def _look_twice(self, now: float) -> None:
        """Those that were another at the last look. A change seldom comes alone: before the first, look at the rest."""
        if self._suspects.due(now) and self.cost <= RUSH and now >= self._rushed + 2 * SHARE * self._interval:
            self._rushed = now
            self._round = None
            for _ in self._all(now):
                pass
        files: dict[str, dict[str, int]] = {}
        again: set[str] = set()
        for sure in self._suspects.take(now):
            tree = self._tree_of(sure.path)
            if sure.folder and sure.mark != ABSENT:
                self._warm[sure.path] = now + self._interval  # it is back, and what is in it another, maybe
            elif sure.folder and tree is not None:
                self._tell_gone(tree, sure.path, now)
            else:
                folder, name = os.path.split(sure.path)
                files.setdefault(folder, {})[name] = sure.mark
                again.update({sure.path} if sure.again else ())
        for folder, marks in files.items():
            if (tree := self._tree_of(folder)) is not None:
                self._tell(tree, folder, marks, now, again)

    def _look_at_warm(self, now: float) -> None:
        """Where something has just changed, the next change will be. At most half of what an interval may cost."""
        self._warm = {folder: until for folder, until in self._warm.items() if until > now}
        left = self._allowance.rate / 2
        for folder in reversed(self._warm):
            tree = self._tree_of(folder)
            before = tree.folders.get(folder) if tree is not None else None
            if tree is None or before is None or len(before.marks) > left:
                continue
            for look in self._walk(tree, [folder]):
                for _ in self._compare(tree, look, now, at_once=False):
                    self._allowance.take()
                    left -= 1

    # --- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, tree: _Tree, folder: str, files: dict[str, int], now: float, again: Collection[str] = ()) -> None:
        known = tree.folders.get(folder)
        if known is None or not files:
            return
        before = known.files()
        paths = {name: inside(folder, name) for name in files}
        changed = {n: mark for n, mark in files.items() if before.get(n, ABSENT) != mark or paths[n] in again}
        after = {name: mark for name, mark in (before | files).items() if mark != ABSENT}
        tree.folders[folder] = known._replace(names="/".join(after), marks=Folder.of(after, ()).marks)
        self._warm.pop(folder, None)
        self._warm[folder] = now + WARM * self._interval
        while len(self._warm) > MOST_WARM:
            del self._warm[next(iter(self._warm))]
        for name, mark in changed.items():
            there: type[FileSystemEvent] = FileModifiedEvent if name in before else FileCreatedEvent
            tree.handler.dispatch((there if mark != ABSENT else FileDeletedEvent)(paths[name]))

    def _tell_gone(self, tree: _Tree, folder: str, now: float) -> None:
        """The folder, those in it, and all their files."""
        below = inside(folder, "")
        for path in [path for path in tree.folders if path == folder or path.startswith(below)]:
            self.closed.pop(path, None)
            for name in tree.folders.pop(path).files():
                tree.handler.dispatch(FileDeletedEvent(inside(path, name)))
            tree.handler.dispatch(DirDeletedEvent(path))
        above, name = os.path.split(folder)
        if (known := tree.folders.get(above)) is not None:
            tree.folders[above] = known._replace(inner="/".join(known.folders() - {name}))
            self._warm[above] = now + WARM * self._interval

    def _tree_of(self, path: str) -> _Tree | None:
        for top, tree in self._trees.items():
            if path == top or path.startswith(inside(top, "")):
                return tree
        return None
