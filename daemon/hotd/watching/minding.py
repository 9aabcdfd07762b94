"""The roots, watched, and minded so that they stay it: watchdog minds neither a root that goes nor a new one there."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEventHandler

from hotd.core.interest import Interest
from hotd.core.settling import Change, Kind
from hotd.ports import Clock
from hotd.watching import limits, standing
from hotd.watching.descriptor import Concerned
from hotd.watching.health import Health
from hotd.watching.mounts import Mounts
from hotd.watching.places import Places, Root
from hotd.watching.repositories import Repositories
from hotd.watching.standing import OTHER, Standing
from hotd.watching.taking import everything, inside
from hotd.watching.watched import Watched


class Minding:
    """Used by one thread at a time, but for `describe`, `catch_up` and `close`.

    What it returns are changes that nobody else will tell of.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        interest: Interest,
        handler: FileSystemEventHandler,
        concerned: Concerned,
        health: Health,
        clock: Clock,
        *,
        polls: bool,
        interval: float,
        mounts: Mounts,
    ) -> None:
        self._roots = tuple(roots)
        self._mounts = mounts
        self._interest = interest
        self._handler = handler
        self._concerned = concerned
        self._health = health
        self._clock = clock
        self._polls = polls
        self._interval = interval
        self.places = Places((), interest)
        self.repositories = Repositories(())
        self._watched = self._nothing()
        self._standing: dict[str, Standing] = {}
        """Of each root that lies in no other, when it was last looked at."""
        self._stood: set[str] = set()
        """The roots that were there once. The others are waited for."""

    def begin(self) -> None:
        """Watch what was given. Raises CannotWatch."""
        self._look_up()
        for tree in self.places.trees():
            try:
                self._watched.schedule(tree)
            except OSError as error:
                raise limits.refused(tree.named, error) from error
        self._watched.mind()

    def watch(self, roots: Sequence[Path], *, begun: bool) -> list[Change]:
        """From now on these are the roots; what lies below a new one."""
        self._roots = tuple(dict.fromkeys(roots))
        if not begun:
            return []
        before = {tree.real for tree in self.places.trees()}
        self.places.move(self._roots)
        self.repositories = Repositories((tree.real for tree in self.places.trees()), self.repositories)
        # What became of a known one since the last look is for the next one to notice.
        self._standing = {named: self._standing.get(named, its) for named, its in self._look().items()}
        new = [tree for tree in self.places.trees() if tree.real not in before]
        if any(tree.real in self._watched.trees for tree in new):
            # It was a root before, and whether its watch is still one nobody knows: nobody minded it since.
            return self._watch_again()
        return self._begin(new)

    def lost(self, folders: Iterable[str]) -> bool:
        """These are gone: whether a root is among them.

        A new folder may be in its place by now, and may even have its inode: the watch is over in any case.
        """
        gone = set(folders)
        named = [tree.named for tree in self.places.trees() if tree.real in gone]
        self._standing |= {name: OTHER for name in named if not self._standing[name].trouble}
        return bool(named)

    def look(self) -> list[Change]:
        """Whether all is as it was: once a second, and when a root is lost."""
        before, self._standing = self._standing, self._look()
        changes: list[Change] = []
        again = False
        for named, now in self._standing.items():
            if now.trouble and not before[named].trouble:
                changes.append(Change(named, Kind.GONE, self._clock.now().mono))
            again = again or (not now.trouble and now != before[named])
        if not again:
            again, found = self._watched.look({its.real for its in self._standing.values() if not its.trouble})
            changes += inside(dict.fromkeys(found, self._clock.now().mono), self.places)
        if again:
            changes += self._watch_again()
        self._say()
        return changes

    def everything(self) -> list[Change]:
        """All that is there."""
        return everything(self.places.trees(), self.places, self._clock.now().mono)

    # --- from any thread ---------------------------------------------------------------------------------------------

    def catch_up(self, timeout: float, *, polled: float) -> None:
        """Until the handler has all events of what happened before, or no longer. See `Watched`."""
        # A root that is being lost just now closes the instance: whatever it still had is told at the next look.
        with contextlib.suppress(OSError):
            self._watched.catch_up(timeout, polled=polled)

    def describe(self) -> Mapping[str, Any]:
        watched = self._watched
        return {
            "backend": watched.backend,
            "folders": watched.folders(),
            "limit": self._most if watched.backend != "polling" else None,
            "unwatched": watched.unwatched(),
            "polled": watched.polled(),
            "round": watched.round(),
        }

    def close(self) -> None:
        """Twice is fine."""
        self._watched.close()
        self._mounts.close()

    # -----------------------------------------------------------------------------------------------------------------

    def _nothing(self) -> Watched:
        # Asked for here, and not for each status: reading a file lets go of the interpreter lock, and every wait for it
        # is one for all busy threads.
        self._most = limits.most_folders()
        return Watched(
            self.places, self._handler, self._concerned, self._health,
            polls=self._polls, interval=self._interval, mounts=self._mounts,
        )  # fmt: skip

    def _look_up(self) -> None:
        """Where the roots are now."""
        self.places = Places(self._roots, self._interest)
        self.repositories = Repositories((tree.real for tree in self.places.trees()), self.repositories)
        self._standing = self._look()
        self._watched = self._nothing()

    def _look(self) -> dict[str, Standing]:
        found = standing.look(self.places.trees())
        self._stood |= {named for named, its in found.items() if not its.trouble}
        return found

    def _say(self) -> None:
        missing, closed = standing.troubles({name: its for name, its in self._standing.items() if name in self._stood})
        self._health.only(standing.MISSING, missing)
        self._health.only(standing.CLOSED, closed)

    def _watch_again(self) -> list[Change]:
        """All that is there, from the beginning."""
        self._watched.close()
        self._look_up()
        return self._begin(self.places.trees())

    def _begin(self, trees: Iterable[Root]) -> list[Change]:
        """Watch these trees: all that is in them."""
        begun = []
        for tree in trees:
            try:
                self._watched.schedule(tree)
            except OSError as error:
                # Gone again, or closed; it is tried again when it stands otherwise than that.
                its = self._standing[tree.named]
                self._standing[tree.named] = its._replace(trouble=its.trouble or error.errno or errno.EIO)
            else:
                begun.append(tree)
        self._watched.mind()
        return everything(begun, self.places, self._clock.now().mono)
