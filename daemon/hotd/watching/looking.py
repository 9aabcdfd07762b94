"""One look at a folder, and what is remembered of it: small enough for a hundred thousand files."""

from __future__ import annotations

import errno
import os
import stat
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from hotd.watching.places import Places

Mark = Callable[[str], int | None]
"""What a file looks like now: another number after each write, rename or chmod. None where that cannot be told."""

ABSENT = 0
"""The mark of what is not there."""

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Anything else (a server that is down, a permission that is lost) says nothing of the file."""

_SECOND = 1_000_000_000


def mark_of(path: str) -> int | None:
    """Of what a link leads to, so that an edit there is seen; but a link to a folder is a link: there are circles."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a str, of every file at every look
        if stat.S_ISDIR(found.st_mode):
            found = os.lstat(path)
            if stat.S_ISDIR(found.st_mode):
                return ABSENT
    except OSError as error:
        return ABSENT if error.errno in _NOT_THERE else None
    return mark(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def mark(inode: int, size: int, modified: int, changed: int) -> int:
    """In nanoseconds. The change time is in it, because `cp -p` and rsync set the other one."""
    number = hash((inode, size, modified, changed))
    return number | 1 if changed % _SECOND == 0 else (number & ~1) or 2  # 0 is taken


def coarse(mark: int) -> bool:
    """Whether the file system keeps whole seconds: two writes within one of them look the same."""
    return mark & 1 == 1


def inside(folder: str, name: str) -> str:
    """As `os.path.join`, for names that are no paths."""
    return f"{folder}{name}" if folder.endswith("/") else f"{folder}/{name}"


class Folder(NamedTuple):
    """What is remembered of a folder. No object for each file: that would take ten times the room."""

    names: str = ""
    """Of the files, with ``/`` between."""
    marks: array[int] = array("q")
    inner: str = ""
    """Names of the folders in it, likewise."""

    @classmethod
    def of(cls, files: Mapping[str, int], inner: Iterable[str]) -> Self:
        return cls("/".join(files), array("q", files.values()), "/".join(inner))

    def files(self) -> dict[str, int]:
        return dict(zip(self.names.split("/"), self.marks, strict=True)) if self.names else {}

    def folders(self) -> set[str]:
        return set(self.inner.split("/")) if self.inner else set()


class Look:
    """One look at a folder, of which the caller takes as many steps at a time as it likes: one for each entry."""

    def __init__(self, folder: str, before: Folder, places: Places, mark: Mark) -> None:
        self.folder = folder
        self.files: dict[str, int] = {}
        self.inner: list[str] = []
        self._before = before
        self._places = places
        self._mark = mark

    def steps(self) -> Iterator[None]:
        """Raises OSError where the folder cannot be read."""
        known = self._before.files()
        folders = self._before.folders()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                name, path = entry.name, entry.path
                if entry.is_dir(follow_symlinks=False):
                    if name in folders or self._places.enters(path):
                        self.inner.append(name)
                elif name in known or entry.is_symlink() or self._places.wants(path):
                    now = self._mark(path)
                    now = known.get(name, ABSENT) if now is None else now
                    if now != ABSENT:
                        self.files[name] = now
                yield

    def differing(self) -> dict[str, int]:
        """The files that are not as they were, and what they are now."""
        before = self._before.files()
        now = self.files
        differing = {name: mark for name, mark in now.items() if before.get(name, ABSENT) != mark}
        return differing | dict.fromkeys(before.keys() - now.keys(), ABSENT)
