"""Everything that the process as a whole notices of open loaders: installed with the first, removed with the last."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from types import ModuleType

from hotd.loading import forks
from hotd.loading.imports import threads
from hotd.loading.imports.internal import internal
from hotd.loading.imports.modules import MANAGED, relative_to
from hotd.loading.imports.part import OWNER, Part
from hotd.loading.imports.routing import Importer
from hotd.loading.imports.standin import vacate
from hotd.loading.outside import doors
from hotd.loading.process import built_in, children, classes, comparing, process_pools, records, uncaught
from hotd.loading.process.finder import Finder, managed

_lock = threading.RLock()
"""Re-entrant: a loader that nobody closed is closed by the garbage collector."""
forks.renew(sys.modules[__name__], "_lock", threading.RLock)
PATCHES = (
    *threads.PATCHES, *doors.PATCHES, *children.PATCHES, *process_pools.PATCHES, *records.PATCHES, *comparing.PATCHES,
    *classes.PATCHES, *built_in.PATCHES,
)  # fmt: skip
_finder = Finder()
_open = 0
_import_module: Callable[[str, str | None], ModuleType] = importlib.import_module
_reload: Callable[[ModuleType], ModuleType] = getattr(importlib, "reload")  # noqa: B009


def install() -> None:
    """A loader opens."""
    global _open  # noqa: PLW0603 - counts what is done to the process
    with _lock:
        _open += 1
        if _open > 1:
            return
        sys.meta_path.insert(0, _finder)
        importlib.import_module = import_module  # same signature, by keyword too
        setattr(importlib, "reload", refuse_reload)  # noqa: B010 - the name is banned in plain sight, rightly
        for patch in PATCHES:
            patch.put()
        uncaught.install()
        built_in.install()
        forks.mind()


def uninstall() -> None:
    """A loader closes."""
    global _open  # noqa: PLW0603 - as above
    with _lock:
        _open -= 1
        if _open:
            return
        if _finder in sys.meta_path:
            sys.meta_path.remove(_finder)
        if importlib.import_module is import_module:
            importlib.import_module = _import_module  # type: ignore[assignment] # a Callable has no defaults
        if getattr(importlib, "reload") is refuse_reload:  # noqa: B009
            setattr(importlib, "reload", _reload)  # noqa: B010
        uncaught.uninstall()
        built_in.uninstall()
        for patch in PATCHES:
            patch.take()
        vacate()


@internal
def import_module(name: str, package: str | None = None) -> ModuleType:
    """``importlib.import_module``, which gives managed code the real module of its generation and not the stand-in."""
    asker: Part | None = sys._getframe(1).f_builtins.get(OWNER)
    if asker is not None and isinstance(name, str) and (package or not name.startswith(".")):
        absolute = relative_to(package or "", name) if name.startswith(".") else name
        found = Importer(asker).module(absolute, 2)
        if found is not None:
            return found
    return _import_module(name, package)


def refuse_reload(module: ModuleType) -> ModuleType:
    """``importlib.reload``, except for managed modules: nothing that runs is ever mutated. ImportError for those."""
    if managed(module):
        raise ImportError(f"{module.__name__} {MANAGED}", name=module.__name__)
    return _reload(module)
