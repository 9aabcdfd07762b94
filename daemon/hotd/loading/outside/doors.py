"""Who registered it, where the object does not tell: a StreamHandler on a logger, a library's function at exit.

Four doors of the standard library are watched while a loader is open: ``atexit.register``, ``Logger.addHandler``,
``addFilter`` of loggers and handlers, ``codecs.register``. Code that is not managed passes them as ever.
"""

from __future__ import annotations

import atexit
import codecs
import functools
import logging
import sys
import weakref
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

from hotd.loading.imports.asking import maker
from hotd.loading.imports.part import Part
from hotd.loading.outside.whose import part_of
from hotd.loading.patches import Patch


class AtExit:
    """What managed code registered, where the function does not tell: it is somebody else's, or says what equals it.

    It equals the function, so that ``unregister`` finds it.
    """

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], part: Part) -> None:
        self.fn, self.args, self.kwargs = fn, args, kwargs
        self._part = weakref.ref(part)

    @property
    def part(self) -> Part | None:
        """The part whose code registered it, while it is in memory."""
        return self._part()

    def __call__(self) -> Any:
        return self.fn(*self.args, **self.kwargs)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AtExit):
            return other is self
        return NotImplemented if isinstance(other, _Spy) else bool(self.fn == other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(self.fn)


class _Spy:
    """Is compared with everything that is registered, and so sees it: there is no list to be asked."""

    __hash__ = object.__hash__

    def __init__(self) -> None:
        self.seen: list[Callable[..., Any]] = []

    def __call__(self) -> None: ...

    def __eq__(self, other: object) -> bool:
        if other is not self and callable(other):
            self.seen.append(other)
        return other is self


def at_exit() -> list[Callable[..., Any]]:
    """What is registered to be called at exit; what is `AtExit` among it tells by whom.

    It compares the functions with one of ours: call it through the border, they may have an ``__eq__`` of their own.
    """
    spy = _Spy()
    atexit.unregister(spy)
    return spy.seen


class _Passed:
    """One thing that code of one part brought through a door to a place. Held weakly, all three."""

    __slots__ = ("part", "place", "thing")

    def __init__(self, place: object, thing: object, part: Part) -> None:
        self.place, self.thing, self.part = weakref.ref(place), weakref.ref(thing), weakref.ref(part)

    @property
    def lives(self) -> bool:
        return self.place() is not None and self.thing() is not None and self.part() is not None


_passed: tuple[_Passed, ...] = ()
"""Replaced as a whole, so that readers need no lock. Two that add at once may forget one: it is then not attributed."""


def bringer(place: object, thing: object) -> Part | None:
    """The part whose code brought the thing to this place; None where it was another's, or is gone."""
    found = (one for one in reversed(_passed) if one.thing() is thing and one.place() is place)
    return next((one.part() for one in found), None)


def codec_functions() -> Iterator[tuple[Any, Part | None]]:
    """The search functions that managed code gave to ``codecs.register``, each with the part that did: nobody else
    can list them."""
    for one in _passed:
        if one.place() is _CODECS:
            yield one.thing(), one.part()


def forget(place: object, thing: object) -> None:
    """It is there no more."""
    _note(place, thing, None)


def _note(place: object, thing: object, part: Part | None) -> None:
    global _passed  # noqa: PLW0603 - what is registered is registered in the process
    kept = tuple(one for one in _passed if one.lives and (one.thing() is not thing or one.place() is not place))
    try:
        _passed = kept if part is None else (*kept, _Passed(place, thing, part))
    except TypeError:  # nothing can refer to it weakly: a function of native code, an object with __slots__
        _passed = kept


# --- the doors -------------------------------------------------------------------------------------------------------


def _equal_by_identity(func: Any) -> bool:
    """Whether a spy sees it. A class that says itself what equals it may answer in the spy's place."""
    equal: object = type(func).__eq__
    return type(func) in (FunctionType, MethodType) or equal is object.__eq__


def _register(register: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(register)
    def register_told(func: Any, /, *args: Any, **kwargs: Any) -> Any:
        part = maker(sys._getframe(1))
        if part is None or (part_of(func) is not None and _equal_by_identity(func)):
            return register(func, *args, **kwargs)
        register(AtExit(func, args, kwargs, part))
        return func

    return register_told


def _add_handler(add: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(add)
    def add_handler_told(self: logging.Logger, hdlr: logging.Handler) -> None:
        new = not any(one is hdlr for one in self.handlers)
        add(self, hdlr)
        if new:
            _note(self, hdlr, maker(sys._getframe(1)))

    return add_handler_told


def _add_filter(add: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(add)
    def add_filter_told(self: logging.Filterer, filter: Any) -> None:
        new = not any(one is filter for one in self.filters)
        add(self, filter)
        if new:
            _note(self, filter, maker(sys._getframe(1)))

    return add_filter_told


class _Codecs:
    """Stands for the list of search functions, which is out of reach."""


_CODECS = _Codecs()


def _register_codec(register: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(register)
    def register_codec_told(search_function: Any, /) -> None:
        register(search_function)
        _note(_CODECS, search_function, maker(sys._getframe(1)))

    return register_codec_told


def unregister_codec(function: Any) -> None:
    """``codecs.unregister``, which is no news to us then."""
    codecs.unregister(function)
    forget(_CODECS, function)


PATCHES = (
    Patch("atexit", "register", _register),
    Patch("logging", "Logger.addHandler", _add_handler),
    Patch("logging", "Filterer.addFilter", _add_filter),
    Patch("codecs", "register", _register_codec),
)
