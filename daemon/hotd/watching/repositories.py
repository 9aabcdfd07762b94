"""The git repositories that roots lie in: while one is being changed by git, nothing in it has settled."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hotd.ports import WatchTrouble

PATIENCE = 10.0
"""Seconds that a lock may stand before somebody is told: a checkout is over by then, a killed git left it there."""


class Repositories:
    """Asks for ``index.lock``, which git holds while it writes the work tree, and makes the index when it is done.

    Used by the watcher's thread alone.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        """``folders``: the real paths of the roots. Where a repository is is looked up once."""
        found = (_git_folder(Path(folder)) for folder in folders)
        self._indexes = tuple({str(git / "index"): None for git in found if git is not None})
        self._locks = tuple(f"{index}.lock" for index in self._indexes)
        self._known = self._written()
        self._since: float | None = None
        self.renewed = False
        """Whether the last look found git done, and at the one before it was not, or had not begun."""

    def locked(self, now: float) -> bool:
        """Whether git is changing one of them. Two ``stat`` for each repository."""
        if not any(os.path.lexists(lock) for lock in self._locks):
            before, self._known = self._known, self._written()
            self.renewed = self._since is not None or before != self._known
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        self.renewed = False
        return True

    def overdue(self, now: float) -> Iterator[WatchTrouble]:
        """What there is to say of a lock that stands suspiciously long."""
        if self._since is not None and now - self._since >= PATIENCE:
            lock = next((lock for lock in self._locks if os.path.lexists(lock)), self._locks[0])
            message = f"changes wait for git: {lock} has been there for {PATIENCE:g} s; if no git is running, remove it"
            yield WatchTrouble("git-lock", message, over="git is done; what changed meanwhile is taken up now")

    def _written(self) -> list[tuple[int, int] | None]:
        """Which index each has: another after everything that git does with the work tree."""
        return [_identity(index) for index in self._indexes]


def _git_folder(folder: Path) -> Path | None:
    """The repository's own folder; a work tree beside it has a file that names it."""
    for above in (folder, *folder.parents):
        git = above / ".git"
        try:
            if git.is_dir():
                return git
            if git.is_file():
                named = git.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
                return Path(os.path.normpath(above / named))
        except OSError:
            return None  # closed to us: then its lock is as well
    return None


def _identity(index: str) -> tuple[int, int] | None:
    try:
        seen = os.stat(index)  # noqa: PTH116 - for each batch
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns
