"""Names that somebody puts into ``builtins``, or takes out, after a part was executed: ``mock.patch("builtins.open")``.

Each part has a copy of the built-in names, with an ``__import__`` of its own (`imports.routing`). While a loader is
open, ``builtins`` is of a class that tells the living parts what is set in it, and gettext's ``install``, which writes
past any class, does so too. A part that has something else under that name keeps it.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from hotd.loading.imports.claims import everyone
from hotd.loading.imports.part import OWNER, space_of
from hotd.loading.imports.submodules import pickled
from hotd.loading.patches import Patch

_OWN = frozenset({"__import__", OWNER})
"""What a part has for itself."""
_MISSING = object()
_module: Any = builtins


class _Telling(ModuleType):
    """The class of ``builtins`` while a loader is open."""

    def __setattr__(self, name: str, value: object) -> None:
        before = vars(self).get(name, _MISSING)
        super().__setattr__(name, value)
        _tell(name, before)

    def __delattr__(self, name: str) -> None:
        before = vars(self).get(name, _MISSING)
        super().__delattr__(name)
        _tell(name, before)

    def __reduce__(self) -> tuple[Any, ...]:
        return pickled("builtins")


_Telling.__name__ = _Telling.__qualname__ = "module"
_Telling.__module__ = "builtins"


def _tell(name: str, before: object) -> None:
    """Whoever has what was there gets what is there now."""
    now = vars(builtins).get(name, _MISSING)
    if name in _OWN or now is before:
        return
    for part in everyone():
        own = (space_of(part.module) or {}).get("__builtins__")
        if type(own) is not dict or own.get(OWNER) is not part or own.get(name, _MISSING) is not before:
            continue
        if now is _MISSING:
            own.pop(name, None)
        else:
            own[name] = now


def _install(install: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(install)
    def install_and_tell(self: Any, names: Any = None) -> None:
        before = dict(vars(builtins))
        install(self, names)
        for name, value in list(vars(builtins).items()):
            if before.get(name, _MISSING) is not value:
                _tell(name, before.get(name, _MISSING))

    return install_and_tell


def install() -> None:
    """The first loader opens."""
    if type(_module) is ModuleType:
        _module.__class__ = _Telling


def uninstall() -> None:
    """The last loader closes."""
    kind: Any = type(_module)  # mypy would take the module for one of that class
    if kind is _Telling:
        _module.__class__ = ModuleType


PATCHES = (Patch("gettext", "NullTranslations.install", _install),)
