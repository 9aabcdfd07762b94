"""What this process imported for good, and whether its files are still what it imported.

Native code under the roots, installed packages, the standard library and hotd itself are executed once and shared by
all generations. Nobody can load them anew; what can be told is that the disk has another version (`imported`).
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from hotd.core import names
from hotd.loading.imports.part import OWNER
from hotd.loading.imports.standin import is_standin
from hotd.loading.sources.disk import NEVER_OURS
from hotd.loading.sources.files import absolute
from hotd.loading.sources.imported import Imported
from hotd.loading.sources.native import content_of, digest

MOST = 100
"""Files of one look. While other threads compute, each costs a millisecond of waiting for the GIL (measured)."""


class Sticky:
    """The files of all modules in ``sys.modules`` that are not managed. For one thread, except for what says else."""

    def __init__(self, digest: Callable[[str], str] = digest) -> None:
        """``digest`` of a file's content. OSError where there is none, or where it is too large to be read for this."""
        self._digest = digest
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
                path, content = _file_of(module)
                if path and self._enter(one := Imported(name, path, content, self._digest)):
                    new.append(one)
        # What hosted code has just imported comes before all that was there, and hotd before what it needs.
        new.sort(key=lambda one: names.top(one.name) not in NEVER_OURS)
        self._fresh.extendleft(reversed(new))

    def look(self, seconds: float = float("inf"), most: int = MOST) -> None:
        """Look at those that were not looked at for longest, for about so many seconds of this thread's own time.

        Whatever belongs to the same package as one that has changed is looked at too, at once: an installer changes
        many, and a count that creeps up tells nothing.
        """
        self._look_in_turn(self._queue, seconds, most)

    def look_first(self, seconds: float = float("inf"), most: int = MOST) -> None:
        """The same for those that nobody has read so far."""
        self._look_in_turn(self._fresh, seconds, most)

    def _look_in_turn(self, waiting: deque[Imported], seconds: float, most: int) -> None:
        until = time.thread_time() + seconds
        for _ in range(min(most, len(waiting))):
            one = waiting.popleft()
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
        before = one.differs
        one.look()
        if one.differs != before:
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
        if not one.is_file:
            return False
        before = self._files.get(one.path)
        if before is not None:
            if before.name != one.name:
                return False
            (self._fresh if before in self._fresh else self._queue).remove(before)  # it was imported again
        self._files[one.path] = one
        return True


def imported() -> object:
    """What is another after an import: how many modules there are, and which came last. From any thread.

    One that took another's place under its name is not told: the slow look comes to it.
    """
    try:
        name, module = next(reversed(sys.modules.items()))
    except (RuntimeError, StopIteration):
        return object()  # somebody imports in just this moment: like nothing that was told before
    return len(sys.modules), name, id(module)


def _file_of(module: object) -> tuple[str, str | None]:
    """Its path, empty for none, and the digest of what was imported, where whoever imported it knows.

    Without asking the module anything: some import half the world when they are asked for an attribute.
    """
    if not issubclass(type(module), ModuleType) or is_standin(module):
        return "", None
    space: dict[str, Any] = object.__getattribute__(module, "__dict__")
    own, spec, file = space.get("__builtins__"), space.get("__spec__"), space.get("__file__")
    if isinstance(own, dict) and OWNER in own:
        return "", None  # managed, under another name
    content = None
    if type(spec) is ModuleSpec and spec.has_location:
        file, content = spec.origin, content_of(spec)
    return (absolute(file), content) if isinstance(file, str) else ("", None)
