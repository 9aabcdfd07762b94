"""What stands in ``sys.modules`` under a managed name: one object for all generations, which is the asker's module.

Nothing is ever swapped there, so no thread can meet a name that is absent or half-replaced.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Iterable
from types import ModuleType
from typing import Any

from hotd.core import names
from hotd.loading import forks
from hotd.loading.imports import claims, doubles
from hotd.loading.imports.asking import is_import, resolve
from hotd.loading.imports.execution import execute_chain
from hotd.loading.imports.part import NEW, Part
from hotd.loading.imports.submodules import pickled, withdraw

_META = frozenset({"__name__", "__spec__", "__loader__", "__file__", "__package__", "__path__", "__warningregistry__"})
"""Answered without executing a lazy part: tools walk all of ``sys.modules`` and ask each for its file, unittest for
warnings."""


class StandIn(ModuleType):
    """The module of the asking code's generation, seen from wherever one asks."""

    __slots__ = ("_hotd_name",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        _NAME.__set__(self, name)

    def __getattribute__(self, attribute: str) -> Any:
        name: str = _NAME.__get__(self, StandIn)
        if attribute == "__class__":
            return ModuleType
        if attribute == "__reduce_ex__":
            return lambda protocol: pickled(name)
        part = _meant(name, 2)
        if part is None:
            if attribute == "__name__":
                return name
            raise AttributeError(f"module {name!r} is in no generation that is loaded")
        module = part.module
        if part.state is NEW or module is None:
            if attribute == "__spec__" and is_import(sys._getframe(1)):
                _execute(part)
            module = part.module if part.state is not NEW else None
            if module is None:
                module = part.home.fresh_module(part) if attribute in _META else _executed(part)
        return getattr(module, attribute)

    def __setattr__(self, attribute: str, value: object) -> None:
        # The import system puts what it found into the parent package. That is the stand-in of the submodule: as an
        # attribute of one generation's package it would only hide what the package finds by itself.
        if not is_standin(value):
            module = _place(self, attribute)
            if module is not None:
                setattr(module, attribute, value)

    def __delattr__(self, attribute: str) -> None:
        module = _place(self, attribute)
        if module is not None:
            delattr(module, attribute)

    def __dir__(self) -> Iterable[str]:
        return dir(_module_of(self))

    def __repr__(self) -> str:
        return repr(_module_of(self))

    def __eq__(self, other: object) -> bool:
        """``inspect.getmodule(f) == m``: it is the same module as the asker's real one."""
        part = _meant(_NAME.__get__(self, StandIn), 2)
        return other is self or (part is not None and part.module is other)

    __hash__ = ModuleType.__hash__


_NAME: Any = vars(StandIn)["_hotd_name"]


def is_standin(module: object) -> bool:
    """Whether this is one of ours; ``isinstance`` would ask its ``__class__``, which says module."""
    return type(module) is StandIn


def _meant(name: str, depth: int) -> Part | None:
    found = resolve(name, sys._getframe(depth))
    if found is None:
        found = claims.latest(name)
    return found


def _module_of(standin: StandIn) -> ModuleType:
    name: str = _NAME.__get__(standin, StandIn)
    part = _meant(name, 3)
    if part is None:
        raise AttributeError(f"module {name!r} is in no generation that is loaded")
    return part.module if part.state is not NEW and part.module is not None else _executed(part)


def _place(standin: StandIn, attribute: str) -> ModuleType | None:
    """Whose attribute is set or taken away; None for a double that went with its generation."""
    name: str = _NAME.__get__(standin, StandIn)
    frame = sys._getframe(2)
    place = doubles.came_to(frame, name, attribute)
    if place is not None:
        return place()
    module = _module_of(standin)
    doubles.comes_to(frame, name, attribute, module)
    return module


def _execute(part: Part) -> ModuleType:
    above = [resolve(prefix, sys._getframe(2)) for prefix in names.prefixes(part.name)[:-1]]
    return execute_chain([*(one for one in above if one is not None), part])


def _executed(part: Part) -> ModuleType:
    """Execute a lazy part because somebody looks into it."""
    try:
        return _execute(part)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - user code: told as the one thing a look-up may raise
        # hasattr() over all of sys.modules (pickle, inspect, unittest) expects nothing else.
        reason = f"{type(error).__name__}: {error}"
    raise AttributeError(f"module {part.name!r} cannot be imported: {reason}")


# --- which names have one --------------------------------------------------------------------------------------------

_lock = threading.RLock()
"""Re-entrant: a claim may start the garbage collector, and that another part's end."""
forks.renew(sys.modules[__name__], "_lock", threading.RLock)
_standins: dict[str, StandIn] = {}
known: Callable[[str], bool] = _standins.__contains__
"""Whether some living part has this name. Import statements of all managed code ask."""


def claim(parts: Collection[Part]) -> None:
    """Let the parts' names be found in ``sys.modules`` for as long as a part of that name lives."""
    with _lock:
        tidy()
        several = claims.claim(parts)
        for part in parts:
            name = part.name
            standin = _standins.get(name)
            if standin is None:
                standin = _standins[name] = StandIn(name)
            sys.modules[name] = part.standin = standin
        for name in several:
            if "." in name:
                withdraw(name)


def release(parts: Iterable[Part]) -> None:
    """The parts of a refused candidate: their names go at once, not when the last of them is collected."""
    with _lock:
        for part in parts:
            claims.release(part)
        tidy()


def tidy() -> None:
    """Take away the names that no living part has."""
    with _lock:
        for name in claims.emptied():
            _take_away(name)


def vacate() -> None:
    """Take every stand-in out of ``sys.modules``: the last loader is closed."""
    with _lock:
        claims.forget_all()
        for name in tuple(_standins):
            _take_away(name)


def _take_away(name: str) -> None:
    standin = _standins.pop(name, None)
    if standin is not None and sys.modules.get(name) is standin:
        del sys.modules[name]


def standin_of(name: str) -> ModuleType | None:
    """What stands in ``sys.modules`` for the name, also when somebody deleted it from there."""
    return _standins.get(name)


def taken_by(name: str) -> str | None:
    """Who has the name in this process, as a phrase; None when it is free, or ours."""
    if names.top(name) in sys.stdlib_module_names and names.top(name) == name:
        return "a module of Python's standard library"
    module = sys.modules.get(name)
    if module is None or is_standin(module):
        return None
    file = getattr(module, "__file__", None)
    return f"the module that this process already imported from {file}" if file else "a module of this process"
