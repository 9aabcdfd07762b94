"""What is replaced in the standard library while a loader is open, and put back when the last one closes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from hotd.loading import forks

_lock = threading.RLock()
"""Guards who waits for which module. Re-entrant: the garbage collector may close a loader anywhere."""
forks.renew(sys.modules[__name__], "_lock", threading.RLock)
_awaited: dict[str, list[Patch]] = {}
"""Module that nobody imported so far -> what is to be replaced in it."""


class Patch:
    """One attribute of a module, or of a class in it, with a wrapper in its place.

    A module that nobody has imported is left so, and patched when somebody imports it: multiprocessing alone would
    double the time that the first loader takes.
    """

    def __init__(self, module: str, path: str, wrap: Callable[[Any], Any]) -> None:
        """``wrap`` is given what stands at ``path`` (``Thread.start``) and makes what shall stand there."""
        self.module = module
        self._owner, _, self._name = path.rpartition(".")
        self._wrap = wrap
        self._undo: Callable[[], None] | None = None

    def put(self) -> None:
        """Replace it, now or when its module is imported."""
        with _lock:
            module = sys.modules.get(self.module)
            if module is None:
                _awaited.setdefault(self.module, []).append(self)
            elif self._undo is None:
                self.put_into(module)

    def put_into(self, module: ModuleType) -> None:
        """Replace it in the module; nothing where this Python has no such attribute."""
        owner = getattr(module, self._owner, None) if self._owner else module
        original = getattr(owner, self._name, None)
        if owner is None or original is None:
            return
        wrapper = self._wrap(original)
        setattr(owner, self._name, wrapper)

        def undo() -> None:
            # Who patched over us calls us, and we what we found: each wrapper keeps its own original, so that one which
            # stays buried for ever never calls itself round a corner.
            if getattr(owner, self._name, None) is wrapper:
                setattr(owner, self._name, original)

        self._undo = undo

    def take(self) -> None:
        """Put back what was there, unless somebody patched over it."""
        with _lock:
            for waiting in _awaited.values():
                if self in waiting:
                    waiting.remove(self)
            undo, self._undo = self._undo, None
            if undo is not None:
                undo()


def awaited(name: str) -> bool:
    """Whether something is to be replaced in that module when it is imported."""
    return bool(_awaited.get(name))


def patched_spec(name: str, path: Sequence[str] | None, asker: object) -> ModuleSpec | None:
    """The spec that any other finder than ``asker`` has, which patches the module as soon as it was executed."""
    for finder in tuple(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        spec = find(name, path, None) if find is not None and finder is not asker else None
        if spec is not None:
            if spec.loader is not None:
                spec.loader = _PatchingLoader(spec.loader)
            return spec  # type: ignore[no-any-return] # a finder is anything with a find_spec
    return None


class _PatchingLoader:
    """The loader of one module, until that is executed: from then on it is as if we had not been here."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        with _lock:
            for patch in _awaited.pop(module.__name__, ()):
                patch.put_into(module)
