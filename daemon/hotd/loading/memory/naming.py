"""The way from something with a name to leaked code, in words: ``somelib.REGISTRY['k'], class 'Plugin'``.

Nothing of the user's runs while words are found: no ``repr``, no attribute that a class may have redefined.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import logging
import sys
import threading
import types
from collections import deque
from collections.abc import Container, Mapping, Sequence
from types import CellType, CoroutineType, FrameType, FunctionType, GeneratorType, MethodType, ModuleType, TracebackType
from typing import Any

from hotd import stacks
from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation
from hotd.loading.imports.part import space_of
from hotd.loading.imports.standin import is_standin
from hotd.loading.memory.hidden import place_of
from hotd.loading.memory.inside import Inside
from hotd.loading.outside.doors import AtExit
from hotd.loading.outside.whose import kind_of, named, of_frame

LARGEST = 10_000
"""Entries that are gone through for a key or an index."""

Path = Sequence[Any]
"""From what has a name to the code, each referring to the next."""


class Names:
    """Knows what has a name.

    ``spaces`` are the globals of modules that are in use, by identity; ``threads`` those that were told of already.
    """

    def __init__(self, inside: Inside, spaces: Mapping[int, str], threads: Container[int] = ()) -> None:
        self._inside = inside
        self._threads = threads
        modules = sys.modules.copy().items()
        self._spaces = {
            id(space_of(module)): name
            for name, module in modules
            if issubclass(type(module), ModuleType) and not is_standin(module) and module not in inside
        }
        self._spaces.update(spaces)

    def told(self, path: Path) -> str | None:
        """What holds the code, if the first of the path is a thing that people know by name; None otherwise."""
        top = path[0]
        kind = type(top)
        if id(top) in self._spaces:
            return self._of_finalizer(path) or self._expression(self._spaces[id(top)], path)
        if issubclass(kind, logging.Logger):
            return self._of_logger(path)
        if issubclass(kind, threading.Thread):
            return f"thread {top.name!r}, {self.thing(path)}"
        if _is_task(kind):
            return _of_task(top)
        return None

    def nearly(self, path: Path) -> str | None:
        """The same for what has a name only if nobody who has one holds it."""
        top = path[0]
        if type(top) is contextvars.Context:
            for variable, value in contextvars.Context.items(top):
                for at, step in enumerate(path):
                    if step is value:
                        return self._expression(f"context variable {variable.name!r}", path[at:])
        if issubclass(type(top), logging.Handler):
            return self._of_handler(path, "")
        return None

    def is_ours(self, thing: object) -> bool:
        """Whether it is hotd's own, or a thread that is known: who runs an instance holds its code, as he should."""
        kind = type(thing)
        if issubclass(kind, threading.Thread):
            return _field(thing, "_ident") in self._threads
        module = _SPACE.__get__(kind).get("__module__")
        return type(module) is str and module.startswith("hotd.") and not _among(kind, (*_PASSED, AtExit))

    def thing(self, path: Path) -> str:
        """What of the code it is that is held."""
        return _named(path[self._first(path)])

    def hidden(self, where: str, path: Path) -> str:
        """The same, where the first of the path is held out of sight by something of that name."""
        if self._first(path) == 0 or type(path[0]) is AtExit:
            what = self.thing(path)
            return where if where.endswith(what) else f"{where}, {what}"
        return self._of_finalizer(path) or self._expression(where, path)

    def direct(self, path: Path) -> int:
        """The identity of what refers to that: told once, whatever the ways to it."""
        return id(path[max(0, self._first(path) - 1)])

    # --- expressions -------------------------------------------------------------------------------------------------

    def _first(self, path: Path) -> int:
        """The first of the path that is code of theirs, or an object of one of their classes."""
        return next((at for at, one in enumerate(path) if self._is_theirs(one)), len(path) - 1)

    def _is_theirs(self, one: Any) -> bool:
        kind = type(one)
        if _among(kind, _PASSED):
            return True
        if _among(kind, _FRAMED):
            frame = one if kind is FrameType else stacks.of_suspended(one)
            return frame is not None and of_frame(frame) in self._inside
        if kind is MethodType:
            return one.__func__ in self._inside or type(one.__self__) in self._inside
        if kind is FunctionType or issubclass(kind, (type, ModuleType)):
            return one in self._inside
        return kind in self._inside

    def _expression(self, root: str, path: Path) -> str:
        until = self._first(path)
        text, owner = root, None
        for parent, child in itertools.pairwise(path[: until + 1]):
            text += _step(owner, parent, child)
            owner = parent
        return text if until == 0 else f"{text}, {_named(path[until])}"

    def _of_finalizer(self, path: Path) -> str | None:
        info = next((one for one in path if kind_of(one) == "'finalize._Info'"), None)
        return None if info is None else f"weakref.finalize of {kind_of(info.func)}"

    # --- logging -----------------------------------------------------------------------------------------------------

    def _of_logger(self, path: Path) -> str:
        logger = path[0]
        on = f"logger {_field(logger, 'name')!r}"
        filters = _field(logger, "filters")
        if any(step is filters for step in path):
            return f"logging filter {self._kind_in(path)} on {on}"
        for at, step in enumerate(path):
            if issubclass(type(step), logging.Handler):
                return self._of_handler(path[at:], f" of {on}")
        return self._expression(f"logging {on}", path)

    def _of_handler(self, path: Path, where: str) -> str:
        handler = path[0]
        if type(handler) in self._inside:
            return f"logging handler {kind_of(handler)}{where.replace(' of ', ' on ', 1)}"
        on = f"handler {kind_of(handler)}{where}"
        if any(step is _field(handler, "formatter") for step in path):
            return f"logging formatter {self._kind_in(path)} of {on}"
        if any(step is _field(handler, "filters") for step in path):
            return f"logging filter {self._kind_in(path)} on {on}"
        return self._expression(f"logging {on}", path)

    def _kind_in(self, path: Path) -> str:
        return kind_of(path[self._first(path)])


# --- words -----------------------------------------------------------------------------------------------------------


def _named(thing: Any) -> str:
    if _among(type(thing), _PASSED):
        return f"generation g{thing.number}"
    if type(thing) is FrameType:
        return place_of(thing)
    if (space := space_of(thing)) is not None:
        return f"module {space.get('__name__')!r}"
    return named(thing)


def _among(kind: type, kinds: tuple[type, ...]) -> bool:
    # Compared by `in`, a class is asked what it equals.
    return any(kind is one for one in kinds)


def _step(owner: Any, parent: Any, child: Any) -> str:
    """How one gets from parent to child; ``owner`` is what refers to the parent, None for a module's globals."""
    kind = type(parent)
    if issubclass(kind, dict):
        return _key(
            parent, child, attribute=owner is None or issubclass(type(owner), type) or _dict_of(owner) is parent
        )
    if issubclass(kind, (list, tuple, deque)):
        where = _index(parent, child)
        return f"[{where}]"
    if kind is FunctionType:
        return " (its closure)" if child is parent.__closure__ else ""
    if kind is _LRU:
        return " (its cache)"
    if kind is GeneratorType or kind is CoroutineType:
        frame = stacks.of_suspended(parent)
        return f" ({'generator' if kind is GeneratorType else 'coroutine'} {_place(frame, parent)})"
    if kind is FrameType:
        return f" (a frame of {place_of(parent)})"
    if kind is contextvars.Context:
        return " (a context)"
    if issubclass(kind, BaseException) and type(child) is TracebackType:
        return f" (the traceback of {kind.__qualname__})"
    if issubclass(kind, type) or _among(kind, _TRANSPARENT):
        return ""
    if kind is ModuleType or (type(child) is dict and child is _dict_of(parent)):
        return ""
    return _attribute(parent, child)


def _key(parent: dict[Any, Any], child: Any, *, attribute: bool) -> str:
    for key, value in dict.copy(parent).items() if dict.__len__(parent) <= LARGEST else ():
        if value is child:
            if type(key) is str and attribute:
                return f".{key}"
            return f"[{key!r}]" if _among(type(key), _PLAIN) else f"[{named(key)}]"
        if key is child:
            return " (a key of it)"
    return "[…]"


def _index(parent: Any, child: Any) -> str:
    for at, one in zip(range(LARGEST), tuple(parent), strict=False):
        if one is child:
            return str(at)
    return "…"


def _attribute(parent: Any, child: Any) -> str:
    """Of an object: its attribute of that value, in its dictionary or in a slot."""
    for name, value in (_dict_of(parent) or {}).copy().items():
        if value is child:
            return f".{name}"
    for cls in _MRO.__get__(type(parent)):
        for name, slot in _SPACE.__get__(cls).items():
            if type(slot) is types.MemberDescriptorType:
                try:
                    value = slot.__get__(parent)
                except AttributeError:
                    continue
                if value is child:
                    return f".{name}"
    return ""


def _dict_of(thing: Any) -> dict[Any, Any] | None:
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def _field(thing: Any, name: str) -> Any:
    return (_dict_of(thing) or {}).get(name)


def _place(frame: FrameType | None, of: Any) -> str:
    return place_of(frame) if frame is not None else repr(of.__qualname__)


def _is_task(kind: type) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and issubclass(kind, asyncio.Task)


def _of_task(task: Any) -> str:
    asyncio = sys.modules["asyncio"]
    coroutine = asyncio.Task.get_coro(task)
    frame = stacks.of_suspended(coroutine) if type(coroutine) is CoroutineType else None
    where = f", which waits in {place_of(frame)}" if frame is not None else ""
    return f"asyncio task {asyncio.Task.get_name(task)!r}{where}"


_SPACE: Any = type.__dict__["__dict__"]
_MRO: Any = type.__dict__["__mro__"]
_LRU = type(functools.lru_cache(lambda: None))
_PASSED: tuple[type, ...] = (Generation, Candidate)
"""Ours, and handed out: whoever holds one holds its code."""
_FRAMED: tuple[type, ...] = (FrameType, GeneratorType, CoroutineType)
_TRANSPARENT: tuple[type, ...] = (CellType, MethodType, TracebackType, functools.partial, types.MappingProxyType)
_PLAIN: tuple[type, ...] = (str, bytes, int, bool, float, type(None))
