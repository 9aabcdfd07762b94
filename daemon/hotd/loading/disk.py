"""Where names live on disk: the roots, in order of precedence, asked with as few system calls as will do.

While one thread computes, every system call of another waits for the GIL (1.2 ms a ``stat``, measured), and reading a
folder pays for each of its entries. So a folder is asked by ``stat`` for its first few names and listed after that.
"""

# Paths are strings in this room: one look at a program of a thousand files builds tens of thousands of them, and a Path
# costs ten times as much to build and to compare. What os.path is needed for stands here and nowhere else.
# ruff: noqa: PTH100, PTH114, PTH116, PTH118, PTH119, PTH120, PTH206

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from hotd.core import names

SOURCE = ".py"
SUFFIXES = (*EXTENSION_SUFFIXES, SOURCE)
NEVER_OURS = frozenset({"hotd", "hotctl", "__main__"})
"""Top-level names that are shared with the process whatever lies under the roots."""
VOLUME_SWITCH = "..data"
"""The link that Kubernetes renames to swap a whole mounted volume."""
_PATIENCE = 3
"""Names asked of one folder before it is listed."""


class Kind(enum.Enum):
    MODULE = "module"
    PACKAGE = "package"
    NAMESPACE = "namespace"
    EXTENSION = "extension"
    """Native code: cannot be loaded twice, so it is never managed."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a name was found."""

    kind: Kind
    path: str
    """The file; empty for a namespace."""
    relative: str
    """The same below its root: what digests know."""
    folders: tuple[str, ...] = ()
    """Where its submodules are looked for; empty unless it is a package or a namespace."""

    @property
    def managed(self) -> bool:
        return self.kind is not Kind.EXTENSION


class Roots:
    """The source roots of a loader, absolute, first one first."""

    def __init__(self, folders: Iterable[str | Path]) -> None:
        self.folders = tuple(dict.fromkeys(absolute(folder) for folder in folders))
        real = (real_path(folder) for folder in self.folders)
        self._prefixes = tuple(dict.fromkeys((*self.folders, *real)))

    def steps(self, path: str) -> list[list[str]]:
        """The absolute path split below every root that contains it. No I/O."""
        found: list[list[str]] = []
        for root in self._prefixes:
            if path == root:
                found.append([])
            elif path.startswith(root.rstrip(os.sep) + os.sep):
                found.append(path[len(root.rstrip(os.sep)) + 1 :].split(os.sep))
        return found

    def contain(self, path: str) -> bool:
        """Whether the absolute path is a root, or below one. No I/O."""
        return bool(self.steps(path))

    def hold_up(self, path: str) -> bool:
        """Whether a root is the path itself or lies below it: whatever happened there happened to the root. No I/O."""
        return any(root == path or root.startswith(path.rstrip(os.sep) + os.sep) for root in self._prefixes)

    def names_for(self, path: str) -> tuple[str, ...]:
        """The names that a file or folder at this absolute path can be imported as, one for each root. No I/O."""
        return tuple(name for steps in self.steps(path) if (name := names.spelled(steps, SUFFIXES)))


class Disk:
    """What the roots hold at one moment: answers are remembered, so that one look at the disk agrees with itself."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._asked: dict[str, int] = {}
        self._listed: dict[str, dict[str, bool]] = {}
        self._seen: dict[str, bool | None] = {}

    def locate(self, name: str, within: Sequence[str] | None = None) -> Location | None:
        """Where ``name`` is found: below the parent's folders, or, for a top-level name, below the roots.

        The order is CPython's: in each folder a package, then an extension, then a source; folders without an
        ``__init__.py`` together are a namespace package, if nothing better was found anywhere.
        """
        if names.top(name) in NEVER_OURS:
            return None
        tail = name.rpartition(".")[2]
        if not tail or os.sep in tail:
            return None
        spaces: list[str] = []
        for folder in self._roots.folders if within is None else within:
            found = self._in_folder(name, folder, tail)
            if found is None:
                continue
            if found.kind is not Kind.NAMESPACE:
                return found
            spaces.extend(found.folders)
        if not spaces:
            return None
        return Location(Kind.NAMESPACE, "", names_path(name) + os.sep, tuple(spaces))

    def homes(self, name: str) -> list[Location]:
        """Every root's own idea of a top-level name."""
        tail = name.rpartition(".")[2]
        found = (self._in_folder(name, folder, tail) for folder in self._roots.folders)
        return [place for place in found if place is not None and place.kind in (Kind.MODULE, Kind.PACKAGE)]

    def modules(self) -> list[str]:
        """The top-level modules and packages under the roots, for "did you mean"."""
        entries = (entry for folder in self._roots.folders for entry in self._list(folder))
        return sorted({entry.removesuffix(SOURCE) for entry in entries if entry.removesuffix(SOURCE).isidentifier()})

    def _in_folder(self, name: str, folder: str, tail: str) -> Location | None:
        place = os.path.join(folder, tail)
        is_folder = self._has(folder, tail)
        if is_folder:
            if self._has(place, "__init__" + SOURCE) is not None:
                relative = os.path.join(names_path(name), "__init__" + SOURCE)
                return Location(Kind.PACKAGE, os.path.join(place, "__init__" + SOURCE), relative, (place,))
            for suffix in EXTENSION_SUFFIXES:
                if self._has(place, "__init__" + suffix) is False:
                    return Location(Kind.EXTENSION, os.path.join(place, "__init__" + suffix), name, (place,))
        for suffix in EXTENSION_SUFFIXES:
            if self._has(folder, tail + suffix) is False:
                return Location(Kind.EXTENSION, place + suffix, name)
        if self._has(folder, tail + SOURCE) is not None:
            return Location(Kind.MODULE, place + SOURCE, names_path(name) + SOURCE)
        return Location(Kind.NAMESPACE, "", "", (place,)) if is_folder else None

    def _has(self, folder: str, entry: str) -> bool | None:
        """True for a folder, False for anything else that exists, None for nothing."""
        listed = self._listed.get(folder)
        if listed is None:
            path = os.path.join(folder, entry)
            if path in self._seen:
                return self._seen[path]
            asked = self._asked[folder] = self._asked.get(folder, 0) + 1
            if asked <= _PATIENCE * (len(SUFFIXES) + 1):
                answer = self._seen[path] = _kind_of(path)
                return answer
            listed = self._list(folder)
        return listed.get(entry)

    def _list(self, folder: str) -> dict[str, bool]:
        listed = self._listed.get(folder)
        if listed is None:
            listed = self._listed[folder] = {}
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        kind = _kind_of(entry.path) if entry.is_symlink() else entry.is_dir()
                        if kind is not None:
                            listed[entry.name] = kind
            except OSError:
                pass  # a folder that is gone, or closed to us, holds nothing that could be imported
        return listed


def names_path(name: str) -> str:
    """``pkg.sub`` -> ``pkg/sub``."""
    return name.replace(".", os.sep)


def absolute(path: str | os.PathLike[str]) -> str:
    """The path as it stands, from the root of the file system; links are not followed."""
    return os.path.abspath(path)


def real_path(path: str) -> str:
    """The path with every link followed."""
    return os.path.realpath(path)


def is_link(path: str) -> bool:
    return os.path.islink(path)


def file_name(path: str) -> str:
    """The last step of a path."""
    return os.path.basename(path)


def folder_name(path: str) -> str:
    """Everything before the last step of a path."""
    return os.path.dirname(path)


def _kind_of(path: str) -> bool | None:
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return None
