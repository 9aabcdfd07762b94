"""Frames of ours between an import statement and the module that it executes: nobody's caller, like importlib's own.

``warnings.warn("use another", stacklevel=2)`` at the top of a module means the code that imports it. warnings and
logging pass over the frames in between where the file's name has "importlib" and "_bootstrap" in it, and know no other
way. So the code of these functions says that.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_LIKE = " (as importlib._bootstrap)"


def internal(fn: F) -> F:
    """Decorates a function: its frames, and those of functions in it, are passed over."""
    assert isinstance(fn, FunctionType)
    fn.__code__ = _renamed(fn.__code__)
    return fn


def _renamed(code: CodeType) -> CodeType:
    inner = tuple(_renamed(one) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.replace(co_filename=code.co_filename + _LIKE, co_consts=inner)
