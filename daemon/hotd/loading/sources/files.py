"""The three questions that loading asks of a file system, answered by the disk or by a bundle.

While one thread computes, every system call of another waits for the GIL (1.2 ms a ``stat``, measured): whoever asks
remembers the answers (`sources.disk`).
"""

# Paths are strings in this room: one look at a program of a thousand files builds tens of thousands of them, and a Path
# costs ten times as much to build and to compare. What os.path is needed for stands here and nowhere else.
# ruff: noqa: PTH100, PTH114, PTH116, PTH119, PTH120

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Protocol

LARGEST = 16 << 20
"""Bytes. Compiling takes three hundred times a source's size in memory: more than this is a mistake."""
ANY_SIZE = 1 << 62


class Files(Protocol):
    """Where code comes from."""

    def kind(self, path: str) -> bool | None:
        """True for a folder, False for anything else that exists, None for nothing. Links are followed."""

    def entries(self, folder: str) -> dict[str, bool]:
        """Name -> whether it is a folder, for everything in it that exists. Empty for a folder that cannot be read."""

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        """The bytes of a regular file of at most so many bytes. OSError when there is no such thing."""


class OnDisk:
    """The file system, as it is at each question."""

    def kind(self, path: str) -> bool | None:
        try:
            return stat.S_ISDIR(os.stat(path).st_mode)
        except (OSError, ValueError):
            return None

    def entries(self, folder: str) -> dict[str, bool]:
        found: dict[str, bool] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    kind = self.kind(entry.path) if entry.is_symlink() else entry.is_dir()
                    if kind is not None:
                        found[entry.name] = kind
        except OSError:
            pass  # a folder that is gone, or closed to us, holds nothing that could be imported
        return found

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        return read(path, largest)


class Packed:
    """The files of one bundle, at the places that they had; nothing else exists."""

    def __init__(self, files: Mapping[str, bytes], folders: Iterable[str]) -> None:
        """``files``: absolute path -> bytes. ``folders``: absolute paths that may hold none of them."""
        self._files = dict(files)
        self._folders: dict[str, dict[str, bool]] = {}
        for path in files:
            self._put(path, is_folder=False)
        for folder in folders:
            self._folders.setdefault(folder, {})
            self._put(folder, is_folder=True)

    def _put(self, path: str, *, is_folder: bool) -> None:
        above, name = os.path.split(path)
        while name:
            known = above in self._folders
            self._folders.setdefault(above, {})[name] = is_folder
            if known:
                return
            (above, name), is_folder = os.path.split(above), True

    def kind(self, path: str) -> bool | None:
        return False if path in self._files else (True if path in self._folders else None)

    def entries(self, folder: str) -> dict[str, bool]:
        return self._folders.get(folder, {})

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "it is not in the bundle", path) from None


class Only:
    """Files, of which some folders seem to hold nothing but what is named."""

    def __init__(self, files: Files, named: Mapping[str, frozenset[str]]) -> None:
        """``named``: absolute folder -> what is to be seen in it."""
        self._files = files
        self._named = named

    def kind(self, path: str) -> bool | None:
        named = self._named.get(os.path.dirname(path))
        return None if named is not None and os.path.basename(path) not in named else self._files.kind(path)

    def entries(self, folder: str) -> dict[str, bool]:
        named, found = self._named.get(folder), self._files.entries(folder)
        return found if named is None else {name: kind for name, kind in found.items() if name in named}

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        return self._files.read(path, largest)


class Layered:
    """A bundle, and the disk for whatever is not in it."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed

    def kind(self, path: str) -> bool | None:
        known = self._packed.kind(path)
        return ON_DISK.kind(path) if known is None else known

    def entries(self, folder: str) -> dict[str, bool]:
        return {**ON_DISK.entries(folder), **self._packed.entries(folder)}

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        return self._packed.read(path) if self._packed.kind(path) is not None else ON_DISK.read(path, largest)


ON_DISK = OnDisk()


def read(path: str, largest: int = LARGEST) -> bytes:
    """The bytes of a regular file. OSError when there is none, or when it is something else (a FIFO, a folder)."""
    handle, size = open_to_read(path, largest)
    try:
        # One read that asks for a byte more than there should be: if that one does not come, this was all of it. Every
        # system call less counts while other threads compute.
        pieces = [os.read(handle, size + 1)]
        while pieces[-1] and (len(pieces) > 1 or len(pieces[0]) != size):
            pieces.append(os.read(handle, 1 << 20))
        return b"".join(pieces)
    finally:
        os.close(handle)


def closed_to_us(path: str) -> str | None:
    """The folder that keeps this path from being seen; None where nothing does, and what is not found is not there."""
    *above, last = (str(folder) for folder in reversed(PurePath(path).parents))
    for folder, needed in [*((one, os.X_OK) for one in above), (last, os.R_OK | os.X_OK)]:
        there = os.path.isdir(folder)  # noqa: PTH112 - never raise
        if there and not os.access(folder, needed, effective_ids=True):
            return folder
    return None


def open_to_read(path: str, largest: int) -> tuple[int, int]:
    """Descriptor and size of a regular file of at most so many bytes. OSError as `read` has it."""
    # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever, before fstat could tell what it is.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise OSError(f"it is {what}")
        if status.st_size > largest:
            raise OSError(f"it is {status.st_size >> 20} MiB large; a file of a closure has at most {largest >> 20}")
    except BaseException:
        os.close(handle)
        raise
    return handle, status.st_size


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
