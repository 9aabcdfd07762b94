"""Submodules as attributes of their package.

A package that imports its submodule has it as a plain attribute. One that does not stays the same object when the
submodule changes, and may be shared by generations that do not share that: whoever asks it for ``pkg.sub`` means the
one of his own generation.

As long as there is only one part of that name, and some loader's current generation has it, everybody means that one:
then the package is *lent* it as a plain attribute, which the interpreter finds at full speed.
"""

from __future__ import annotations

import builtins
import sys
import threading
import weakref
from types import ModuleType
from typing import Any

from hotd.loading import forks
from hotd.loading.imports.asking import resolve
from hotd.loading.imports.claims import living
from hotd.loading.imports.part import DONE, NEW, OWNER, Part


class ByAsker:
    """Stands in the class of one package for one submodule; what the package's own ``__dict__`` has goes first.

    A descriptor, because a ``__getattr__`` would be asked only after an AttributeError was made in vain (2 µs), and
    would make all other attributes of the package dearer too.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, package: ModuleType, owner: type | None = None) -> ModuleType:
        """AttributeError where the asker's generation has not imported it, as CPython would."""
        frame = sys._getframe(1)
        asker: Part | None = frame.f_builtins.get(OWNER)
        part = asker.edges.get(self._name) if asker is not None else None
        if part is None or part.state is not DONE:
            part = resolve(self._name, frame)
        if part is None or part.state is NEW or (module := part.module) is None:
            above, _, tail = self._name.rpartition(".")
            raise AttributeError(f"module {above!r} has no attribute {tail!r}")
        if part.serves and living(self._name) == 1:
            above = package.__dict__.get("__builtins__", {}).get(OWNER)
            if above is not None and above.module is package:
                _lend(above, part)
        return module


def bind(package: Part, part: Part, module: ModuleType) -> None:
    """Let a submodule that was just imported be found in its package.

    Where the package cannot find it by asker, because something else has that name in it (which an import replaces,
    here as everywhere) or because it replaced itself, it gets what stands in for the submodule of every generation.
    """
    tail = part.name.rpartition(".")[2]
    if package.module is None or tail in package.bound or vars(package.module).get(tail) is module:
        return
    found: ModuleType | None = None
    if package.edges.get(part.name) is part:
        found = module
    elif package.replaced or tail in vars(package.module):
        found = part.standin
    if found is not None:
        setattr(package.module, tail, found)
        package.bound |= {tail}  # only now: who imports it at the same time goes on as soon as this says so
    elif not _lend(package, part):
        _offer(package.module, part.name, tail)
        if package.claim is not None:
            _offered[part.name] = package.claim


_lock = threading.RLock()
forks.renew(sys.modules[__name__], "_lock", threading.RLock)
_lent: dict[str, list[tuple[weakref.ref[Part], weakref.ref[Part]]]] = {}
"""Name of a submodule -> the package that was lent it, and the part."""
_offered: dict[str, weakref.ref[Part]] = {}
"""Name of a submodule that no current generation had when it was imported -> its package."""


def _lend(package: Part, part: Part) -> bool:
    """Make the submodule a plain attribute of its package, if nobody can mean another. Whether it is."""
    with _lock:
        if not part.serves or part.state is not DONE or living(part.name) != 1:
            return False
        if package.module is None or package.claim is None or part.claim is None:
            return False
        space, tail = vars(package.module), part.name.rpartition(".")[2]
        if tail not in space:
            space[tail] = part.module
            _lent.setdefault(part.name, []).append((package.claim, part.claim))
        kind: Any = type(package.module)
        asked = [name for name, one in vars(kind).items() if type(one) is ByAsker]
        if asked and all(name in space for name in asked):
            package.module.__class__ = kind.__base__
        return space[tail] is part.module


def is_others(package: ModuleType, name: str) -> bool:
    """Whether the package has this submodule as an attribute, but only for those whose generation has it too.

    Who asks for it and has none of that name would be given that of another generation.
    """
    if name in _lent:
        return True
    tail, space = name.rpartition(".")[2], vars(package)
    return tail not in space and "__getattr__" not in space and isinstance(vars(type(package)).get(tail), ByAsker)


def withdraw(name: str) -> None:
    """From now on the submodule of that name is that of the asker again."""
    with _lock:
        for above, below in _lent.pop(name, ()):
            package, part, tail = above(), below(), name.rpartition(".")[2]
            if package is not None and package.module is not None and part is not None:
                _offer(package.module, name, tail)  # before it goes: nobody may miss it
                if vars(package.module).get(tail) is part.module:
                    del vars(package.module)[tail]


def serve(part: Part) -> None:
    """Some loader's current generation has the part, a submodule: from now on its package may be lent it."""
    with _lock:
        part.serves += 1
        offered = _offered.pop(part.name, None)
        package = offered() if offered is not None else None
        if package is not None:
            _lend(package, part)


def dismiss(part: Part) -> None:
    """That generation is not current any more: then its package must not keep the part in memory."""
    with _lock:
        part.serves -= 1
        if not part.serves:
            withdraw(part.name)


def _offer(package: ModuleType, name: str, tail: str) -> None:
    kind: Any = type(package)
    if tail in vars(kind):
        return
    if not any(type(one) is ByAsker for one in vars(kind).values()):
        # A package that nobody asks in this way stays a plain module, whose attributes the interpreter finds fastest.
        kind = type("module", (kind,), {"__module__": "builtins", "__reduce__": _reduce, "__dir__": _dir})
        package.__class__ = kind
    setattr(kind, tail, ByAsker(name))


def pickled(name: str) -> tuple[Any, ...]:
    """How a module is pickled: cloudpickle does so with those of the plain class; pickle itself refuses any module."""
    return builtins.__import__, (name, None, None, ("__name__",))


def _dir(module: ModuleType) -> list[str]:
    """Plugins are found by ``inspect.getmembers(package, inspect.ismodule)``."""
    if "__dir__" in vars(module):
        return list(ModuleType.__dir__(module))
    asked = [name for name, one in vars(type(module)).items() if type(one) is ByAsker and hasattr(module, name)]
    return sorted({*ModuleType.__dir__(module), *asked})


def _reduce(module: ModuleType) -> tuple[Any, ...]:
    return pickled(module.__name__)


def adopt(package: Part, name: str) -> None:
    """Give a package a submodule that is not managed, an extension say, and that the process had already imported."""
    tail = name.rpartition(".")[2]
    found = sys.modules.get(name)
    if found is not None and package.module is not None and tail not in vars(package.module):
        setattr(package.module, tail, found)
