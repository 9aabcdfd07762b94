"""Native code under the roots: imported once for all, and known by the content that was there when it was."""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH116

from __future__ import annotations

import hashlib
import os
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from types import ModuleType
from typing import NamedTuple

from hotd.loading.sources.files import open_to_read

LARGEST = 256 << 20
"""Bytes of which a digest is made: they are read once, when the file was imported, whatever becomes of it."""
_PIECE = 1 << 20


class Status(NamedTuple):
    """What tells cheaply that a file may be another. The last cannot be set back, as ``cp -p`` does with the second."""

    size: int
    modified: int
    inode: int
    changed: int


class NativeLoader(ExtensionFileLoader):
    """Imports a native module; after that its spec knows which content it is of, as ``loader_state``.

    Whoever looks later may look too late: a build may have replaced the file while the rest of a program loaded.
    """

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        before = status(self.path)
        try:
            content = digest(self.path)
        except OSError:
            content = None
        module = super().create_module(spec)
        if status(self.path) == before:  # else those may have been other bytes than were mapped
            spec.loader_state = content
        return module


def content_of(spec: ModuleSpec) -> str | None:
    """The digest of what a native module was imported from, where that is known."""
    return spec.loader_state if type(spec.loader) is NativeLoader else None


def status(path: str) -> Status | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return Status(found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


def digest(path: str) -> str:
    """The identity of a file's content, however large. OSError when there is no such file, or no end of it."""
    found = hashlib.sha256()
    handle, _ = open_to_read(path, LARGEST)
    try:
        while piece := os.read(handle, _PIECE):
            found.update(piece)
    finally:
        os.close(handle)
    return found.hexdigest()
