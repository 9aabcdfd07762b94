"""The source roots: what is managed, and by which paths. No I/O but what a `Disk` does."""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH206

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path

from hotd.core import names
from hotd.core.interest import Interest
from hotd.loading.sources.disk import SUFFIXES, Disk
from hotd.loading.sources.files import ON_DISK, Files, Only, absolute, file_name, folder_name, real_path

VOLUME_SWITCH = "..data"
"""The link that Kubernetes renames to swap a whole mounted volume."""


class Roots:
    """The source roots of a loader, absolute, first one first."""

    def __init__(
        self,
        folders: Iterable[str | Path],
        files: Files = ON_DISK,
        *,
        also: Sequence[str] = (),
        ignore: Sequence[str] = (),
        packages: Iterable[str | Path] = (),
    ) -> None:
        """``files`` has what lies under them. Globs: ``also`` declares data files, ``ignore`` excepts some.

        ``packages`` are folders of installed packages, each managed as if it were alone where it is: they come last.
        """
        self._interest = Interest(ignore, also)
        self.has_data = bool(also)
        """Whether data files are declared."""
        self.plain = tuple(dict.fromkeys(absolute(folder) for folder in folders))
        """Those of which all is managed."""
        named: dict[str, set[str]] = {}
        for package in map(absolute, packages):
            named.setdefault(folder_name(package), set()).add(file_name(package))
        self._named = {one: frozenset(names) for one, names in named.items() if one not in self.plain}
        self._given = files
        self._files = self._seen(files)
        self.folders = (*self.plain, *self._named)
        self._real = tuple(real_path(folder) for folder in self.folders)
        trees = [(folder, self._named.get(folder)) for folder in self.folders]
        trees += [(real, self._named.get(folder)) for folder, real in zip(self.folders, self._real, strict=True)]
        # Not by a set: some are in there twice, and the order is that of precedence.
        self._trees = tuple(dict.fromkeys(trees))

    def _seen(self, files: Files) -> Files:
        return Only(files, self._named) if self._named else files

    def grown(self, folders: Iterable[str | Path], packages: Iterable[str | Path]) -> Roots:
        """Others, of which the same files are of interest."""
        roots = Roots(folders, self._given, packages=packages)
        roots._interest, roots.has_data = self._interest, self.has_data
        return roots

    def disk(self) -> Disk:
        """For one look at what they hold."""
        return Disk(self.folders, self._files)

    def disk_now(self) -> Disk:
        """The same, whatever files these ask."""
        return Disk(self.folders, self._seen(ON_DISK))

    def packed(self, files: Files) -> Roots:
        """The same roots, where other files lie under them."""
        roots = copy(self)
        roots._files = self._seen(files)
        return roots

    def declares(self, path: str) -> bool:
        """Whether the file at this absolute path is a declared data file. No I/O."""
        return self.has_data and any(self._interest.declares("/".join(steps)) for steps in self.steps(path))

    def could_be_data(self, path: str) -> bool:
        """Whether it may be read as data at all: not code, not what editors and interpreters drop. No I/O."""
        return any(self._interest.could_be_data("/".join(steps)) for steps in self.steps(path))

    def enters(self, folder: str) -> bool:
        """Whether anything in this folder can matter. No I/O."""
        return any(self._interest.enters("/".join(steps)) for steps in self.steps(folder))

    def spellings(self, path: str) -> list[str]:
        """The absolute path below every root that contains it, as the roots were given. No I/O."""
        found = []
        for folder, real in zip(self.folders, self._real, strict=True):
            below = (_below(prefix, path, self._named.get(folder)) for prefix in {folder, real})
            found += [f"{folder.rstrip(os.sep)}{os.sep}{rest}" for rest in below if rest]
        return found

    def place(self, path: str) -> tuple[int, str]:
        """Which root an absolute path was found under, and the rest of the path. No I/O. ValueError: under none."""
        for number, root in enumerate(self.folders):
            if rest := _below(root, path, self._named.get(root)):
                return number, rest
        raise ValueError(f"{path} is under none of the roots")

    def steps(self, path: str) -> list[list[str]]:
        """The absolute path split below every root that contains it. No I/O."""
        found: list[list[str]] = []
        for root, named in self._trees:
            if (rest := _below(root, path, named)) is not None:
                found.append(rest.split(os.sep) if rest else [])
        return found

    def contain(self, path: str) -> bool:
        """Whether the absolute path is a root, or below one. No I/O."""
        return bool(self.steps(path))

    def hold_up(self, path: str) -> bool:
        """Whether a root is the path itself or lies below it: whatever happened there happened to the root. No I/O."""
        above = path.rstrip(os.sep) + os.sep
        return any(root == path or root.startswith(above) for root, _ in self._trees)

    def names_for(self, path: str) -> tuple[str, ...]:
        """The names that a file or folder at this absolute path can be imported as, one for each root. No I/O."""
        return tuple(name for steps in self.steps(path) if (name := names.spelled(steps, SUFFIXES)))


def _below(root: str, path: str, named: frozenset[str] | None) -> str | None:
    """The path below the root, empty for the root itself; None where it is not in it, or not what is named of it."""
    if path == root:
        return "" if named is None else None
    above = root.rstrip(os.sep) + os.sep
    if not path.startswith(above):
        return None
    rest = path[len(above) :]
    return rest if named is None or rest.partition(os.sep)[0] in named else None
