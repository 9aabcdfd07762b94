"""Modules that are compared: by libraries with what ``sys.modules`` has, by managed code with what it imported.

The one is what stands in for all generations, the other the real module of one. `inspect.getmodule` answers each with
the kind that it knows, and doctest, which is given either, compares like with like.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from hotd.loading.imports.asking import resolve
from hotd.loading.imports.part import OWNER
from hotd.loading.imports.standin import is_standin, standin_of
from hotd.loading.patches import Patch
from hotd.loading.process.finder import managed


def _getmodule(getmodule: Callable[..., ModuleType | None]) -> Callable[..., ModuleType | None]:
    @functools.wraps(getmodule)
    def getmodule_of_asker(object: object, _filename: str | None = None) -> ModuleType | None:
        found, frame = getmodule(object, _filename), sys._getframe(1)
        if found is not None and is_standin(found) and OWNER in frame.f_builtins:
            part = resolve(found.__name__, frame)
            return found if part is None or part.module is None else part.module
        return found

    return getmodule_of_asker


def _from_module(from_module: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(from_module)
    def from_module_or_standin(self: Any, module: ModuleType | None, object: object) -> bool:
        standin = standin_of(module.__name__) if module is not None and managed(module) else None
        return from_module(self, module if standin is None else standin, object)

    return from_module_or_standin


PATCHES = (Patch("inspect", "getmodule", _getmodule), Patch("doctest", "DocTestFinder._from_module", _from_module))
