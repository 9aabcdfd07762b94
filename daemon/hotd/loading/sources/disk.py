"""Where names live under the roots, asked with as few system calls as will do.

Reading a folder pays for each of its entries, and asking it for a name is a system call. So a folder is asked by
``stat`` for its first few names and listed after that.
"""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH118

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES

from hotd.core import names
from hotd.loading.sources.files import LARGEST, ON_DISK, Files

SOURCE = ".py"
SUFFIXES = (*EXTENSION_SUFFIXES, SOURCE)
NEVER_OURS = frozenset({"hotd", "hotctl", "__main__"})
"""Top-level names that are shared with the process whatever lies under the roots."""
_PATIENCE = 3
"""Names asked of one folder before it is listed."""


class Kind(enum.Enum):
    MODULE = "module"
    PACKAGE = "package"
    NAMESPACE = "namespace"
    EXTENSION = "extension"
    """Native code: cannot be loaded twice, so it is never managed."""


MODULE, PACKAGE, NAMESPACE, EXTENSION = Kind
"""For those who ask for every name: on CPython 3.11 ``Kind.MODULE`` takes as long as ten calls."""


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
        return self.kind is not EXTENSION


class Disk:
    """What the roots hold at one moment: answers are remembered, so that one look at the disk agrees with itself."""

    def __init__(self, folders: Sequence[str], files: Files = ON_DISK) -> None:
        """``folders`` are the roots, in order of precedence."""
        self._roots = folders
        self._files = files
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
        for folder in self._roots if within is None else within:
            found = self._in_folder(name, folder, tail)
            if found is None:
                continue
            if found.kind is not NAMESPACE:
                return found
            spaces.extend(found.folders)
        if not spaces:
            return None
        return Location(NAMESPACE, "", names_path(name) + os.sep, tuple(spaces))

    def homes(self, name: str) -> list[Location]:
        """Every root's own idea of a top-level name."""
        tail = name.rpartition(".")[2]
        found = (self._in_folder(name, folder, tail) for folder in self._roots)
        return [place for place in found if place is not None and place.kind in (MODULE, PACKAGE)]

    def modules(self) -> list[str]:
        """The top-level modules and packages under the roots, for "did you mean"."""
        entries = (entry for folder in self._roots for entry in self.entries(folder))
        return sorted({entry.removesuffix(SOURCE) for entry in entries if entry.removesuffix(SOURCE).isidentifier()})

    def _in_folder(self, name: str, folder: str, tail: str) -> Location | None:
        place = os.path.join(folder, tail)
        is_folder = self._has(folder, tail)
        if is_folder:
            if self._has(place, "__init__" + SOURCE) is not None:
                relative = os.path.join(names_path(name), "__init__" + SOURCE)
                return Location(PACKAGE, os.path.join(place, "__init__" + SOURCE), relative, (place,))
            for suffix in EXTENSION_SUFFIXES:
                if self._has(place, "__init__" + suffix) is False:
                    return Location(EXTENSION, os.path.join(place, "__init__" + suffix), name, (place,))
        for suffix in EXTENSION_SUFFIXES:
            if self._has(folder, tail + suffix) is False:
                return Location(EXTENSION, place + suffix, name)
        if self._has(folder, tail + SOURCE) is not None:
            return Location(MODULE, place + SOURCE, names_path(name) + SOURCE)
        return Location(NAMESPACE, "", "", (place,)) if is_folder else None

    def _has(self, folder: str, entry: str) -> bool | None:
        """True for a folder, False for anything else that exists, None for nothing."""
        listed = self._listed.get(folder)
        if listed is None:
            path = os.path.join(folder, entry)
            if path in self._seen:
                return self._seen[path]
            asked = self._asked[folder] = self._asked.get(folder, 0) + 1
            if asked <= _PATIENCE * (len(SUFFIXES) + 1):
                answer = self._seen[path] = self._files.kind(path)
                return answer
            listed = self.entries(folder)
        return listed.get(entry)

    def entries(self, folder: str) -> dict[str, bool]:
        """Everything in the folder: name -> whether it is one itself."""
        listed = self._listed.get(folder)
        if listed is None:
            listed = self._listed[folder] = self._files.entries(folder)
        return listed

    def kind(self, path: str) -> bool | None:
        """True for a folder, False for anything else that exists, None for nothing."""
        return self._files.kind(path)

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        """The bytes of a file, anew each time. OSError."""
        return self._files.read(path, largest)


def names_path(name: str) -> str:
    """``pkg.sub`` -> ``pkg/sub``."""
    return name.replace(".", os.sep)
