"""What outside code asks about a class or a module of some generation, answered for that one.

`inspect.getsource` and `typing.get_type_hints` go by the class's ``__module__``, and so to ``sys.modules``, which knows
who asks, but not about what. A class with a function of its own tells (`outside.whose`); one without is of the
asker's generation.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

from hotd.loading.imports.asking import call_bound, resolve
from hotd.loading.imports.part import OWNER, Part
from hotd.loading.imports.standin import is_standin
from hotd.loading.outside.whose import part_of
from hotd.loading.patches import Patch
from hotd.loading.process.finder import managed


def part_of_class(cls: type) -> Part | None:
    """The part that has the class, if it tells."""
    part = part_of(cls)
    return part if part is not None and part.name == cls.__module__ else None


def _part_meant(thing: object, frame: FrameType) -> Part | None:
    if isinstance(thing, type):
        return part_of_class(thing) or _part_meant(sys.modules.get(thing.__module__), frame)
    if not isinstance(thing, ModuleType):
        return None
    if is_standin(thing):
        return resolve(thing.__name__, frame)
    return thing.__dict__["__builtins__"][OWNER] if managed(thing) else None


def _getsourcefile(getsourcefile: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    @functools.wraps(getsourcefile)
    def getsourcefile_of_generation(object: Any) -> str | None:
        part = _part_meant(object, sys._getframe(1))
        if part is None or part.source is None or part.module is None:
            return getsourcefile(object)
        return part.source.filename

    return getsourcefile_of_generation


def _get_type_hints(get_type_hints: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @functools.wraps(get_type_hints)
    def get_type_hints_of_generation(obj: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        part = part_of_class(obj) if isinstance(obj, type) else None
        return (
            get_type_hints(obj, *args, **kwargs)
            if part is None
            else call_bound(part, get_type_hints, obj, *args, **kwargs)
        )

    return get_type_hints_of_generation


PATCHES = (Patch("inspect", "getsourcefile", _getsourcefile), Patch("typing", "get_type_hints", _get_type_hints))
