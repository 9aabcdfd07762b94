"""The objects that code is made of, and which of them the rest of the process refers to."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from types import CellType, FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from hotd.loading.imports.modules import PartLoader
from hotd.loading.imports.part import OWNER, Part, space_of
from hotd.loading.imports.routing import Importer

_PIECES = (CellType, staticmethod, classmethod, property, GetSetDescriptorType, MemberDescriptorType)
_OURS = (PartLoader, ModuleSpec)
"""Behind ``__loader__`` and ``__spec__`` of a module of ours."""


class Inside:
    """Modules, functions and classes of some parts, and what holds these together. No object of such a class.

    Holds all of it: drop this when you have asked.
    """

    def __init__(self, things: Iterable[Any]) -> None:
        """``things``: parts, and classes beside them."""
        self.objects: dict[int, Any] = {id(thing): thing for thing in things}
        parts = [thing for thing in self.objects.values() if type(thing) is Part]
        self._modules = {id(part.module) for part in parts}
        self._spaces = {id(space) for part in parts if (space := space_of(part.module)) is not None}
        self._names = {part.name for part in parts}
        work = [*self.objects.values(), *(thing for part in parts for thing in _importing(part))]
        self.objects.update((id(thing), thing) for thing in work)
        while work:
            thing = work.pop()
            for one in gc.get_referents(thing):
                if id(one) not in self.objects and self._belongs(one, thing):
                    self.objects[id(one)] = one
                    work.append(one)

    def __contains__(self, thing: object) -> bool:
        return id(thing) in self.objects

    def held(self) -> list[tuple[int, Any]]:
        """Those that something else refers to, and how often; the fewest times first."""
        internal = self._internal()
        counts: list[tuple[int, int]] = []
        for thing in self.objects.values():
            # Our dictionary, our variable, and the call that counts refer to it, too.
            others = sys.getrefcount(thing) - internal[id(thing)] - 3
            if others > 0:
                counts.append((others, id(thing)))
        return [(others, self.objects[key]) for others, key in sorted(counts)]

    def _internal(self) -> dict[int, int]:
        """How often each is referred to by the others. A function of its own, so that no variable adds to that."""
        counts = dict.fromkeys(self.objects, 0)
        for thing in self.objects.values():
            for referent in gc.get_referents(thing):
                if id(referent) in counts:
                    counts[id(referent)] += 1
        return counts

    def _belongs(self, one: Any, to: Any) -> bool:
        """Whether something that a thing of ours refers to is ours, too."""
        kind, parent = type(one), type(to)
        if kind is FunctionType:
            return id(one.__globals__) in self._spaces
        if issubclass(kind, type):
            return _SPACE.__get__(one).get("__module__") in self._names
        if kind is dict:
            return id(one) in self._spaces or parent is Part or issubclass(parent, type)
        if kind is tuple:
            return issubclass(parent, type) or (parent is FunctionType and one is to.__closure__)
        if any(kind is piece for piece in _PIECES):  # not `in`: that would ask a class what it equals
            return parent is tuple or parent is dict
        return id(one) in self._modules or (issubclass(kind, _OURS) and self._stands_for_ours(one))

    def _stands_for_ours(self, one: Any) -> bool:
        loader = one.loader if type(one) is ModuleSpec else one
        return any(type(part) is Part and part in self for part in gc.get_referents(loader))


def _importing(part: Part) -> Iterator[Any]:
    """What stands behind the ``__builtins__`` of the part's module: the dictionary, its import function, its memory."""
    own = (space_of(part.module) or {}).get("__builtins__")
    importing = own.get("__import__") if type(own) is dict else None
    if type(importing) is FunctionType and own is not None and own.get(OWNER) is part:
        yield from (own, importing, importing.__closure__)
        for cell in importing.__closure__ or ():
            yield cell
            yield from (one for one in gc.get_referents(cell) if type(one) in (dict, Importer))


_SPACE: Any = type.__dict__["__dict__"]
