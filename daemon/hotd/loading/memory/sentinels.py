"""Gone means gone: weak looks at the code of one line of generations, which tell whether it left memory.

The sentinel in a module's globals is its `Part`: it stands there behind ``__loader__``, and behind the ``__import__``
of the module's own built-in names. So it lives as long as those globals do, and any function or frame that uses them,
also where nobody has the module object any more. Only a class without a function of its own holds no globals: classes
are watched one by one.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hotd.loading import forks
from hotd.loading.imports.part import Part, space_of


@dataclass(frozen=True, slots=True)
class Sentinel:
    """One thing that lives as long as some code does."""

    generation: int
    """The newest generation that is known to have had this code."""
    part: str
    """The name of the part."""
    reference: weakref.ref[Any]
    home: weakref.ref[Part] | None = None
    """Of a class: its part."""


class Sentinels:
    """Every part that a line of generations brought, and the classes of those that it left behind. Thread-safe."""

    def __init__(self) -> None:
        self._parts: weakref.WeakKeyDictionary[Part, int] = weakref.WeakKeyDictionary()
        self._classes: list[Sentinel] = []
        self._lock = threading.RLock()
        """Guards that list. Re-entrant: the garbage collector may run user code in here, which may end anything."""
        forks.renew(self, "_lock", threading.RLock)

    def watch(self, parts: Iterable[Part], generation: int) -> None:
        """These came with that generation."""
        for part in parts:
            self._parts[part] = generation

    def came(self, user: Part, name: str) -> None:
        """A part imported that name only now: what it found is of the same generation."""
        generation, found = self._parts.get(user), user.edges.get(name)
        if generation is not None and found is not None:
            self._parts.setdefault(found, generation)

    def left(self, parts: Iterable[Part], generation: int) -> None:
        """That generation was the last to have these; their classes are watched from now on."""
        for part in parts:
            if part.module is not None:
                self._parts[part] = generation
                with self._lock:
                    known = {id(cls): one for one in self._classes if (cls := one.reference()) is not None}
                    home = weakref.ref(part)
                    for cls in _classes_of(part):
                        known.setdefault(id(cls), Sentinel(generation, part.name, weakref.ref(cls), home))
                    self._classes = list(known.values())

    def unused(self, in_use: Collection[Part]) -> list[Sentinel]:
        """What is in memory though no part in use accounts for it."""
        return [one for one in self._all() if is_left(one, in_use)]

    def _all(self) -> Iterator[Sentinel]:
        # keyrefs() is one step for other threads; iterating over the dictionary itself is not.
        for reference in self._parts.keyrefs():
            part = reference()
            if part is not None and part.module is not None:
                yield Sentinel(self._parts.get(part, 0), part.name, reference)
        with self._lock:
            self._classes = [one for one in self._classes if one.reference() is not None]
            classes = tuple(self._classes)
        yield from classes


def is_left(sentinel: Sentinel, in_use: Collection[Part]) -> bool:
    """Whether the thing is in memory, and no part in use, nor of one."""
    thing = sentinel.reference()
    if thing is None:
        return False
    part = thing if sentinel.home is None else sentinel.home()
    return part is None or part not in in_use


def _classes_of(part: Part) -> Iterator[type]:
    """The classes that the part's module made, as far as it has them by name."""
    for value in tuple((space_of(part.module) or {}).values()):
        if issubclass(type(value), type) and _NAMESPACE.__get__(value).get("__module__") == part.name:
            yield value


_NAMESPACE: Any = type.__dict__["__dict__"]
