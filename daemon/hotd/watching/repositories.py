"""The git repositories that roots lie in: while one is being changed by git, nothing in it has settled."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hotd.ports import WatchTrouble

PATIENCE = 10.0
"""Seconds that a lock may stand before somebody is told: a checkout is over by then, a killed git left it there."""


HEADS = ("HEAD", "ORIG_HEAD")
"""Beside the index: what is checked out, and what was before a merge or a reset."""


class _Written(NamedTuple):
    """Which files of its own git wrote last in a repository."""

    noted: tuple[int, int] | None
    """The index: another after everything that git does, also where it only notes something: ``add``, ``status``."""
    heads: tuple[tuple[int, int] | None, ...]
    """Others after what changes the work tree: ``checkout``, ``merge``, ``reset``."""


class Repositories:
    """Asks for ``index.lock``, which git holds while it writes the work tree, and makes the index when it is done.

    Used by the watcher's thread alone.
    """

    def __init__(self, folders: Iterable[str], before: Repositories | None = None) -> None:
        """``folders``: the real paths of the roots. Where a repository is is looked up once.

        What ``before`` knew of one is known: git may be in the middle of something just now.
        """
        found = (_git_folder(Path(folder)) for folder in folders)
        self._folders = tuple({str(git): None for git in found if git is not None})
        self._locks = tuple(f"{git}/index.lock" for git in self._folders)
        self._known = self._written()
        self._since: float | None = None
        if before is not None:
            self._known |= {git: before._known[git] for git in self._known.keys() & before._known.keys()}
            self._since = before._since if set(self._locks) & set(before._locks) else None
        self.renewed = False
        """Whether the last look found git done, and at the one before it was not, or had not begun."""
        self.moved = False
        """And what it did may have been to the work tree."""

    def locked(self, now: float) -> bool:
        """Whether git is changing one of them. Four ``stat`` for each repository."""
        if not any(os.path.lexists(lock) for lock in self._locks):
            before, self._known = self._known, self._written()
            moved = (before[git].heads != written.heads for git, written in self._known.items())
            self.moved = self._since is not None or any(moved)
            self.renewed = self.moved or before != self._known
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        self.renewed = self.moved = False
        return True

    def overdue(self, now: float) -> Iterator[WatchTrouble]:
        """What there is to say of a lock that stands suspiciously long."""
        lock = next((lock for lock in self._locks if os.path.lexists(lock)), None)
        if lock is not None and self._since is not None and now - self._since >= PATIENCE:
            message = f"changes wait for git: {lock} has been there for {PATIENCE:g} s; if no git is running, remove it"
            yield WatchTrouble("git-lock", message, over="git is done; what changed meanwhile is taken up now")

    def _written(self) -> dict[str, _Written]:
        return {
            git: _Written(_identity(f"{git}/index"), tuple(_identity(f"{git}/{head}") for head in HEADS))
            for git in self._folders
        }


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


def _identity(path: str) -> tuple[int, int] | None:
    try:
        seen = os.stat(path)  # noqa: PTH116 - for each batch
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns
