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
from hotd.loading.sources.files import ON_DISK, Files, absolute, real_path

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
    ) -> None:
        """``files`` has what lies under them. Globs: ``also`` declares data files, ``ignore`` excepts some."""
        self._files = files
        self._interest = Interest(ignore, also)
        self.has_data = bool(also)
        """Whether data files are declared."""
        self.folders = tuple(dict.fromkeys(absolute(folder) for folder in folders))
        self._real = tuple(real_path(folder) for folder in self.folders)
        self._prefixes = tuple(dict.fromkeys((*self.folders, *self._real)))

    def disk(self) -> Disk:
        """For one look at what they hold."""
        return Disk(self.folders, self._files)

    def packed(self, files: Files) -> Roots:
        """The same roots, where other files lie under them."""
        roots = copy(self)
        roots._files = files
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
            for prefix in {folder, real}:
                above = prefix.rstrip(os.sep) + os.sep
                if path.startswith(above):
                    found.append(f"{folder.rstrip(os.sep)}{os.sep}{path[len(above) :]}")
        return found

    def place(self, path: str) -> tuple[int, str]:
        """Which root an absolute path was found under, and the rest of the path. No I/O. ValueError: under none."""
        for number, root in enumerate(self.folders):
            above = root.rstrip(os.sep) + os.sep
            if path.startswith(above):
                return number, path[len(above) :]
        raise ValueError(f"{path} is under none of the roots")

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
