"""Roots that are installed packages: while an installer changes one, nothing in it has settled.

pip takes the old version away, writes the new one, compiles it, and writes RECORD last, which lists every file. So what
is there without one, or not as it is listed, is half of something.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hotd.ports import WatchTrouble

PATIENCE = 30.0
"""Seconds that a package may be incomplete before it is taken for what it is: uninstalled, or edited by hand."""

INSTALLER = "installer"
"""Reason of the trouble."""


@dataclass(slots=True)
class Installation:
    """One package. Whatever is there when this begins counts as whole: it may have been edited since."""

    folder: Path
    distribution: str
    """As the names of its metadata folders begin: ``myops-``."""
    known: tuple[int, int, int] | None
    """Inode, time and size of the RECORD of the last time when all was there."""

    def is_whole(self) -> bool:
        """Whether all is there that is listed. Then it is what is known from here on."""
        for record in _records(self.folder.parent, self.distribution):
            if (identity := _identity(record)) is not None and self._agrees(record, edited=identity == self.known):
                self.known = identity
                return True
        return False

    def _agrees(self, record: Path, *, edited: bool) -> bool:
        """``edited``: what was whole under this very record may have been edited since, and has other sizes."""
        listed = {name: size for name, size in _listed(record, self.folder.name).items() if not name.endswith(".pyc")}
        there = {name: _size(self.folder.parent / name) for name in listed}
        if None in there.values():
            return False
        return bool(listed) and (edited or all(size in (None, there[name]) for name, size in listed.items()))


class Installations:
    """Of those of the roots that are installed packages. Used by the watcher's thread alone."""

    def __init__(self, roots: Iterable[Path], before: Installations | None = None) -> None:
        """What ``before`` knew of a root is known: it may be half-way just now."""
        self._found: dict[Path, Installation] = {}
        for root in roots:
            known = before._found.get(root) if before is not None else None
            if (one := known or installation(root)) is not None:
                self._found[root] = one
        self._since: float | None = None
        self.renewed = False
        """Whether the last look found whole what was not so, or was another version, at the one before."""

    def locked(self, now: float) -> bool:
        """Whether an installer is changing one of them, as far as can be told."""
        before = [one.known for one in self._found.values()]
        if all(one.is_whole() for one in self._found.values()):
            self.renewed = self._since is not None or before != [one.known for one in self._found.values()]
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        self.renewed = False
        return now - self._since < PATIENCE

    def overdue(self, now: float) -> Iterator[WatchTrouble]:
        """What there is to say of one that stays incomplete."""
        if self._since is not None and now - self._since >= PATIENCE:
            for one in self._found.values():
                if not one.is_whole():
                    message = f"{one.folder} is not what its distribution's RECORD lists, since {PATIENCE:g} s"
                    yield WatchTrouble(INSTALLER, message, str(one.folder), over=f"{one.folder} is complete again")


def installation(folder: Path) -> Installation | None:
    """What a folder was installed as; None for one that no installer keeps a record of."""
    if _size(folder / "__init__.py") is None:
        return None
    try:
        kept = sorted(one for one in os.listdir(folder.parent) if one.endswith(".dist-info"))  # noqa: PTH208
    except OSError:
        return None
    for one in kept:
        record = folder.parent / one / "RECORD"
        if f"{folder.name}/__init__.py" in _listed(record, folder.name):
            return Installation(folder, f"{one.partition('-')[0]}-", _identity(record))
    return None


def _records(parent: Path, distribution: str) -> list[Path]:
    """Of two versions beside each other one is on its way."""
    try:
        names = os.listdir(parent)  # noqa: PTH208  (names are all that is wanted)
    except OSError:
        return []
    kept = (one for one in names if one.startswith(distribution) and one.endswith(".dist-info"))
    return [parent / one / "RECORD" for one in kept]


def _listed(record: Path, package: str) -> dict[str, int | None]:
    """The files of the package, each with its size where that is told."""
    try:
        rows = list(csv.reader(record.read_text("utf-8", "surrogateescape").splitlines()))
    except (OSError, csv.Error):
        return {}
    return {
        row[0]: int(row[2]) if len(row) > 2 and row[2].isdecimal() else None
        for row in rows
        if row and row[0].startswith(f"{package}/")
    }


def _identity(record: Path) -> tuple[int, int, int] | None:
    try:
        seen = record.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
