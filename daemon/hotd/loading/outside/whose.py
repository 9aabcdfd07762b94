"""Whose code is an object? Told by where its functions look built-in names up: every part has a router there.

Nothing is patched for that, and nothing of the user's runs: attributes are read below whatever a class may have
redefined. What carries no code of its own (a string in ``sys.path``, a handler of the standard library's class) does
not tell whose it is.
"""

from __future__ import annotations

import functools
import gc
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import (
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any

from hotd import stacks
from hotd.loading.imports.part import OWNER, Part, space_of

LARGEST = 10_000
"""Entries. A container with more is data, and not looked through."""
MOST = 10_000
"""Objects that one search looks into, which takes some milliseconds. What it has not met by then it does not find."""


LONGEST = 100
"""Characters of a name."""


def part_of(thing: object) -> Part | None:
    """The part whose code made the thing: a function, a class, an object of such a class, or what wraps one of these.

    None for a class without any function, and what is of one: `Whose` knows better.
    """
    found = (_routed(one) if type(one) is dict else _of_class(one) for one in _telling(thing))
    return next((part for part in found if part is not None), None)


def of_frame(frame: FrameType) -> Part | None:
    """The part whose code runs in the frame."""
    return _routed(frame.f_builtins)


class Whose:
    """Tells what belongs to certain parts. It holds them and their modules: drop it when you have asked."""

    def __init__(
        self,
        parts: Iterable[Part],
        spaces: Iterable[dict[str, Any]] = (),
        plain: Iterable[type] = (),
        imported: Iterable[Part] = (),
        libraries: Iterable[str] = (),
    ) -> None:
        """``spaces`` are the globals of those parts that have no module any more, because executing them failed.

        ``plain`` are classes that are known to be theirs though they have no function that would tell so, ``imported``
        and ``libraries`` what was imported by such of the parts as are no more.
        """
        self.parts = frozenset(parts)
        edges = (tuple(part.edges.values()) for part in self.parts)
        self.imported = dict.fromkeys(one for one in chain(imported, *edges) if one not in self.parts)
        """The parts that theirs import, in that order."""
        self._libraries = tuple(libraries)
        self.spaces = [space for part in self.parts if (space := space_of(part.module)) is not None]
        self.spaces += [space for space in spaces if all(space is not one for one in self.spaces)]
        self._names = frozenset(part.name for part in self.parts)
        self.plain = [*plain]
        for space in self.spaces:
            found = (one for one in space.copy().values() if issubclass(type(one), type))
            self.plain += [one for one in found if module_of(one) == space.get("__name__") and _of_class(one) is None]
        self._classes: dict[int, tuple[type, bool]] = {id(one): (one, True) for one in self.plain}

    def libraries(self) -> dict[str, None]:
        """Names of the libraries that theirs import, as far as their globals tell; ``builtins`` is always one."""
        found = dict.fromkeys(("builtins", *self._libraries))
        for space in self.spaces:
            found.update(dict.fromkeys(_library(value) for value in space.copy().values()))
        return found

    def owns(self, thing: object) -> bool:
        """Whether the thing's own code is of these parts."""
        for one in _telling(thing):
            if _routed(one) in self.parts if type(one) is dict else self._owns_class(one):
                return True
        return False

    def _owns_class(self, cls: type) -> bool:
        known = self._classes.get(id(cls))
        if known is None:
            named = _SPACE.__get__(cls).get("__module__")
            ours = type(named) is str and named in self._names and _of_class(cls) in self.parts
            known = self._classes[id(cls)] = cls, ours
        return known[1]

    def within(self, thing: object, steps: int) -> object | None:
        """Something of theirs that the thing is, or holds at most so many references away; None if there is nothing."""
        return next((found for _, found in self.search([("", thing, steps)])), None)

    def search(self, starts: Iterable[tuple[str, object, int]]) -> Iterator[tuple[str, object]]:
        """Whatever of theirs the starts are or hold, nearest first: (label, thing, steps) in, (label, what) out.

        It does not look into what is theirs, and into nothing twice.
        """
        seen: dict[int, object] = {}
        waiting = deque(starts)
        while waiting and len(seen) < MOST:
            label, thing, steps = waiting.popleft()
            if id(thing) in seen or id(type(thing)) in _PLAIN:
                continue
            if self.owns(thing):
                yield label, thing
                continue
            seen[id(thing)] = thing
            if steps:
                waiting.extend((label, child, steps - 1) for child in _held_by(thing))


def module_of(thing: object) -> str:
    """The name of the module that a class, or an object's class, says it is of; empty where it says nothing."""
    name = _SPACE.__get__(thing if issubclass(type(thing), type) else type(thing)).get("__module__")
    return name if type(name) is str else ""


def kind_of(thing: object) -> str:
    """``'StreamHandler'``: the name of a function or class, or of an object's class; quoted."""
    kind = type(thing)
    if id(kind) in _FUNCTIONS:
        function: Any = thing
        return quoted(function.__qualname__)
    cls: Any = thing if issubclass(kind, type) else kind
    return quoted(_QUALNAME.__get__(cls))


def quoted(name: object) -> str:
    """A name as one writes it in a sentence, and of a novel its beginning."""
    return repr(name[:LONGEST]) if type(name) is str else "'?'"


def named(thing: object) -> str:
    """``function 'on_exit'``, ``class 'Plugin'``, ``an object of class 'Plugin'``; not as it would call itself."""
    kind = type(thing)
    if id(kind) in _FUNCTIONS:
        return f"{'method' if kind is MethodType else 'function'} {kind_of(thing)}"
    if id(kind) in _WRAPPERS or kind is functools.partial:
        wrapper: Any = thing
        return named(wrapper.func if kind is functools.partial else wrapper.__wrapped__)
    if kind is GeneratorType or kind is CoroutineType:
        return f"{kind.__name__} {quoted(thing.__qualname__)}"  # type: ignore[attr-defined] # its exact type was just seen
    return f"{'class' if issubclass(kind, type) else 'an object of class'} {kind_of(thing)}"


# --- below the surface -----------------------------------------------------------------------------------------------

_MRO: Any = type.__dict__["__mro__"]
_SPACE: Any = type.__dict__["__dict__"]
_QUALNAME: Any = type.__dict__["__qualname__"]
# By identity: a set of classes would ask whatever class it is asked about for its hash.
_WRAPPERS = frozenset(map(id, (staticmethod, classmethod, type(functools.lru_cache(lambda: None)))))
_FUNCTIONS = frozenset(map(id, (FunctionType, MethodType, BuiltinFunctionType)))
_DEFINED = _WRAPPERS | {id(FunctionType), id(property)}
_SIZED: tuple[Any, ...] = (dict, list, set, frozenset, tuple, deque)
_OPAQUE = (ModuleType, FrameType, CodeType, TracebackType, weakref.ref)
_PLAIN = frozenset(map(id, (str, bytes, int, float, bool, complex, type(None))))


def _telling(thing: Any) -> Iterator[Any]:
    """What tells whose the thing is: classes, and the dicts in which functions look built-in names up."""
    kind = type(thing)
    if kind is FunctionType:
        yield thing.__builtins__
        wrapped: Any = thing.__dict__.get("__wrapped__")
        inner = type(wrapped)
        if inner is FunctionType:
            yield wrapped.__builtins__
    elif kind is MethodType:
        yield from _telling(thing.__func__)
        yield from _telling(thing.__self__)
    elif id(kind) in _WRAPPERS:
        yield from _telling(thing.__wrapped__)
    elif kind is functools.partial:
        yield from _telling(thing.func)
    elif kind is property:
        yield from _telling(thing.fget)
    elif kind is GeneratorType or kind is CoroutineType:
        frame = stacks.of_suspended(thing)
        yield frame.f_builtins if frame is not None else {}
    elif issubclass(kind, type):
        yield from _MRO.__get__(thing)
    elif id(kind) not in _PLAIN and not issubclass(kind, ModuleType):  # a module tells nothing: every import binds one
        yield from _MRO.__get__(kind)


def _of_class(cls: type) -> Part | None:
    space = _SPACE.__get__(cls)
    module = space.get("__module__")
    for value in space.copy().values():
        if id(type(value)) in _DEFINED:
            for one in _telling(value):
                found = _routed(one) if type(one) is dict else None
                if found is not None and found.name == module:  # otherwise the class borrowed the function
                    return found
    return None


def _library(value: Any) -> str:
    """The library that a name was imported from, or that it is; empty for anything else."""
    kind = type(value)
    if kind is ModuleType:
        name = vars(value).get("__name__")
    else:
        name = value.__module__ if kind is FunctionType else module_of(value)
    return name if type(name) is str else ""


def _routed(found: Mapping[str, Any]) -> Part | None:
    part = found.get(OWNER)
    return part if isinstance(part, Part) else None


def _held_by(thing: Any) -> Iterable[object]:
    """What it refers to, as far as that is its own: no function's globals, no module, no frame, no huge container."""
    kind = type(thing)
    if kind is FunctionType:
        cells = [held for cell in thing.__closure__ or () for held in gc.get_referents(cell)]
        return [*thing.__dict__.values(), *cells]
    if issubclass(kind, type):
        return list(_SPACE.__get__(thing).copy().values())
    if issubclass(kind, _OPAQUE) or (issubclass(kind, _SIZED) and _length(thing) > LARGEST):
        return ()
    return [one for one in gc.get_referents(thing) if one is not kind]


def _length(thing: Any) -> int:
    """Below a ``__len__`` of its own."""
    base = next(base for base in _SIZED if issubclass(type(thing), base))
    return int(base.__len__(thing))
