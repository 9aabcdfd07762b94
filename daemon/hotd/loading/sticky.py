"""What this process imported for good, and whether its files are still what it imported.

Native code under the roots, installed packages, the standard library and hotd itself are executed once and shared by
all generations. Nobody can load them anew; what can be told is that the disk has another version. A file is asked for
its status; its bytes are read once, when it is new here, and again only where the status differs.
"""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH116

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NamedTuple

from hotd.core import names
from hotd.loading.sources.disk import NEVER_OURS
from hotd.loading.sources.files import absolute, read
from hotd.loading.imports.part import OWNER
from hotd.loading.sources.source import digest_of
from hotd.loading.imports.standin import is_standin

MOST = 100
"""Files of one look. While other threads compute, each costs a millisecond of waiting for the GIL (measured)."""


class _Status(NamedTuple):
    """What tells cheaply that a file may be another. The last cannot be set back, as ``cp -p`` does with the second."""

    size: int
    modified: int
    inode: int
    changed: int


class Imported:
    """One file that was imported."""

    __slots__ = ("_digest", "_made", "_read", "_seen", "differs", "exists", "name", "path")

    def __init__(self, name: str, path: str, read: Callable[[str], bytes] = read) -> None:
        self._read = read
        self.name = name
        """Of the module."""
        self.path = path
        self.differs = False
        self._made = self._seen = _status(path)
        self.exists = self._made is not None
        """Whether there was such a file: what comes from an archive has none."""
        self._digest: str | None = None
        """Of what was imported; None until it is read, and where it is too large for that."""

    def look(self) -> bool:
        """Whether it turned out otherwise than at the last look."""
        before, status = self.differs, _status(self.path)
        if status != self._seen:
            self._seen = status
            self.differs = not self._is_as_made(status)
        elif self._digest is None and not self.differs:
            digest = self._digest_now()
            if _status(self.path) == status:  # else those may be other bytes already
                self._digest = digest
        return self.differs != before

    def _is_as_made(self, status: _Status | None) -> bool:
        if status is None or self._made is None:
            return status == self._made
        if self._digest is None:
            return status[:2] == self._made[:2]
        return self._digest_now() == self._digest

    def _digest_now(self) -> str | None:
        try:
            return digest_of(self._read(self.path))
        except OSError:  # it went, or it is too large: then its status has to do
            return None


class Sticky:
    """The files of all modules in ``sys.modules`` that are not managed. For one thread, except for what says else."""

    def __init__(self, read: Callable[[str], bytes] = read) -> None:
        """``read``: the bytes of a file. OSError where there is none, or where it is too large to be read for this."""
        self._read = read
        self._files: dict[str, Imported] = {}
        self._known: dict[str, int] = {}
        """Name -> identity of the module that was taken note of."""
        self._fresh: deque[Imported] = deque()
        """Those that nobody has read so far."""
        self._queue: deque[Imported] = deque()
        """The others; who was looked at longest ago comes first."""

    def holds(self, path: str) -> bool:
        """Whether the file was imported, as far as noted. From any thread; no I/O."""
        return path in self._files

    @property
    def fresh(self) -> bool:
        """Whether there are any that nobody has read so far."""
        return bool(self._fresh)

    @property
    def differing(self) -> list[Imported]:
        return [one for one in self._files.values() if one.differs]

    def note(self) -> None:
        """Take note of what was imported since. Costs a look-up for each module, and a system call for each new one."""
        new: list[Imported] = []
        for name, module in sys.modules.copy().items():
            if self._known.get(name) != id(module):
                self._known[name] = id(module)
                path = _file_of(module)
                if path is not None and self._enter(one := Imported(name, path, self._read)):
                    new.append(one)
        # What hosted code has just imported comes before all that was there, and hotd before what it needs.
        new.sort(key=lambda one: names.top(one.name) not in NEVER_OURS)
        self._fresh.extendleft(reversed(new))

    def look(self, seconds: float = float("inf"), most: int = MOST) -> None:
        """Look at those that were not looked at for longest, for about so many seconds of this thread's own time.

        Whatever belongs to the same package as one that has changed is looked at too, at once: an installer changes
        many, and a count that creeps up tells nothing.
        """
        until = time.thread_time() + seconds
        for _ in range(min(most, len(self._files))):
            one = (self._fresh or self._queue).popleft()
            self._queue.append(one)
            self._look(one)
            if time.thread_time() > until:
                return

    def look_at(self, paths: Iterable[str]) -> None:
        """Look at these, or at what lies in them."""
        for path in paths:
            for one in self._in(path):
                self._look(one)

    def _look(self, one: Imported) -> None:
        if one.look():
            top = names.top(one.name)
            for other in self._files.values():
                if names.top(other.name) == top:
                    other.look()

    def _in(self, path: str) -> Iterator[Imported]:
        one = self._files.get(path)
        if one is not None:
            yield one
            return
        inside = path + os.sep
        yield from (other for known, other in self._files.items() if known.startswith(inside))

    def _enter(self, one: Imported) -> bool:
        """False for no file, or one under two names."""
        if not one.exists:
            return False
        before = self._files.get(one.path)
        if before is not None:
            if before.name != one.name:
                return False
            (self._fresh if before in self._fresh else self._queue).remove(before)  # it was imported again
        self._files[one.path] = one
        return True


def _file_of(module: object) -> str | None:
    """Without asking the module anything: some import half the world when they are asked for an attribute."""
    if not issubclass(type(module), ModuleType) or is_standin(module):
        return None
    space: dict[str, Any] = object.__getattribute__(module, "__dict__")
    own, spec, file = space.get("__builtins__"), space.get("__spec__"), space.get("__file__")
    if isinstance(own, dict) and OWNER in own:
        return None  # managed, under another name
    if type(spec) is ModuleSpec and spec.has_location:
        file = spec.origin
    return absolute(file) if isinstance(file, str) else None


def _status(path: str) -> _Status | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return _Status(found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)
