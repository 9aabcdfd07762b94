"""Who registered it, where the object does not tell: a StreamHandler on a logger, a library's function at exit.

Three doors of the standard library are watched while a loader is open: `atexit.register`, `logging.Logger.addHandler`
and `logging.Filterer.addFilter`. Code that is not managed passes them as ever.
"""

from __future__ import annotations

import atexit
import logging
import sys
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from hotd.loading.asking import maker
from hotd.loading.part import Part
from hotd.loading.whose import part_of

F = TypeVar("F", bound=Callable[..., Any])

_register: Callable[..., Any] = atexit.register
_add_handler: Callable[[logging.Logger, logging.Handler], None] = logging.Logger.addHandler
_add_filter: Callable[[logging.Filterer, Any], None] = logging.Filterer.addFilter
"""What we patched over, which is not always Python's own."""


class AtExit:
    """What managed code registered of somebody else's: it equals the function, so that ``unregister`` finds it."""

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


class _Added:
    """One handler or filter, added by the code of one part. Held weakly, all three."""

    __slots__ = ("part", "thing", "where")

    def __init__(self, where: logging.Filterer, thing: object, part: Part) -> None:
        self.where, self.thing, self.part = weakref.ref(where), weakref.ref(thing), weakref.ref(part)

    @property
    def lives(self) -> bool:
        return self.where() is not None and self.thing() is not None and self.part() is not None


_added: tuple[_Added, ...] = ()
"""Replaced as a whole, so that readers need no lock. Two that add at once may forget one: it is then not attributed."""


def adder(where: logging.Filterer, thing: object) -> Part | None:
    """The part whose code added this handler or filter there; None where it was another's, or is gone."""
    found = (one for one in reversed(_added) if one.thing() is thing and one.where() is where)
    return next((one.part() for one in found), None)


def _note(where: logging.Filterer, thing: object, part: Part | None) -> None:
    global _added  # noqa: PLW0603 - what is registered is registered in the process
    kept = tuple(one for one in _added if one.lives and (one.thing() is not thing or one.where() is not where))
    try:
        _added = kept if part is None else (*kept, _Added(where, thing, part))
    except TypeError:  # nothing can refer to it weakly: a function of native code, an object with __slots__
        _added = kept


# --- the doors -------------------------------------------------------------------------------------------------------


def register(func: F, /, *args: Any, **kwargs: Any) -> F:
    """``atexit.register``."""
    part = maker(sys._getframe(1))
    if part is None or part_of(func) is not None:
        _register(func, *args, **kwargs)
    else:
        _register(AtExit(func, args, kwargs, part))
    return func


def add_handler(self: logging.Logger, hdlr: logging.Handler) -> None:
    """``logging.Logger.addHandler``."""
    new = not any(one is hdlr for one in self.handlers)
    _add_handler(self, hdlr)
    if new:
        _note(self, hdlr, maker(sys._getframe(1)))


def add_filter(self: logging.Filterer, filter: Any) -> None:
    """``logging.Filterer.addFilter``, of loggers and of handlers."""
    new = not any(one is filter for one in self.filters)
    _add_filter(self, filter)
    if new:
        _note(self, filter, maker(sys._getframe(1)))


def install() -> None:
    """Begin to watch."""
    global _register, _add_handler, _add_filter  # noqa: PLW0603 - there is one of each to patch
    if atexit.register is not register:
        _register = atexit.register
    if logging.Logger.addHandler is not add_handler:
        _add_handler = logging.Logger.addHandler
    if logging.Filterer.addFilter is not add_filter:
        _add_filter = logging.Filterer.addFilter
    # mypy dislikes assigning to methods, here and below.
    atexit.register = register
    logging.Logger.addHandler = add_handler  # type: ignore[method-assign]
    logging.Filterer.addFilter = add_filter  # type: ignore[method-assign]


def uninstall() -> None:
    """Take the patches away, unless somebody patched over one: then ours passes everything on, as before."""
    if atexit.register is register:
        atexit.register = _register
    if logging.Logger.addHandler is add_handler:
        logging.Logger.addHandler = _add_handler  # type: ignore[method-assign,assignment]
    if logging.Filterer.addFilter is add_filter:
        logging.Filterer.addFilter = _add_filter  # type: ignore[method-assign,assignment]
