"""A pool's processes know the code of the generation that started them, and nobody else's work is given to them.

Functions cross to another process by name. A pool that is kept over a reload would run new code's call in old code, and
nobody would ever know. So such work is refused, with the way out; a pool that is made by the code which uses it never
meets this. Work whose code is the same for both is done as ever.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from hotd.loading.imports.asking import resolve, scopes
from hotd.loading.imports.standin import known
from hotd.loading.patches import Patch
from hotd.loading.process.children import Outfit, sent

_STAFF = "_hotd_outfit"


def _outfit(frame: FrameType | None, code: bool) -> Outfit:
    """What the processes of a pool know that is made here: a pool outlives generations, and must not keep one."""
    outfit = Outfit(scopes(frame))
    outfit.pack(code=code)
    return outfit


def _refuse_strangers(outfit: Outfit, frame: FrameType | None, *work: object) -> None:
    """RuntimeError where a name of the work means something else to the processes than to the code that asks."""
    for module in dict.fromkeys(_modules_of(work)):
        part = resolve(module, frame) if known(module) else None
        if part is not None and outfit.digests.get(module) != part.digest:
            raise RuntimeError(
                f"the processes of this pool have other code of {module} than the caller: an older generation started "
                f"them; make the pool in {module} itself, or in a module that is executed again with it, or shut it "
                "down and make a new one"
            )


def _modules_of(work: tuple[object, ...]) -> Iterator[str]:
    """Modules that the work is found in by name: of functions, and of the classes of what is given to them."""
    for item in work:
        if isinstance(item, functools.partial):
            yield from _modules_of((item.func, *item.args, *item.keywords.values()))
        elif isinstance(item, types.MethodType):
            yield from _modules_of((item.__func__, item.__self__))
        else:
            named = item if isinstance(item, (types.FunctionType, type)) else type(item)
            if isinstance(module := named.__module__, str):
                yield module


# --- concurrent.futures ----------------------------------------------------------------------------------------------


def _submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(submit)
    def submit_checked(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if _STAFF not in self.__dict__:
            started = getattr(self, "_processes", None)  # before any loader was open: what they know is not known
            self.__dict__[_STAFF] = None if started else _outfit(frame, self._mp_context.get_start_method() != "fork")
        outfit = self.__dict__[_STAFF]
        if outfit is not None:
            _refuse_strangers(outfit, frame, fn, *args, *kwargs.values())
        return submit(self, fn, *args, **kwargs)

    return submit_checked


def _spawn(spawn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(spawn)
    def spawn_fitted(self: Any, *args: Any) -> Any:
        # Processes come as they are needed: this one may come for work of another generation.
        with sent(self.__dict__.get(_STAFF)):
            return spawn(self, *args)

    return spawn_fitted


# --- multiprocessing.pool --------------------------------------------------------------------------------------------


def _init(init: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(init)
    def init_known(self: Any, *args: Any, **kwargs: Any) -> None:
        self.__dict__[_STAFF] = _outfit(sys._getframe(1), code=False)
        init(self, *args, **kwargs)

    return init_known


def _ask(ask: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(ask)
    def ask_checked(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        outfit = self.__dict__.get(_STAFF)
        if outfit is not None and self._pool and not isinstance(self._pool[0], threading.Thread):
            _refuse_strangers(outfit, sys._getframe(1), func)
        return ask(self, func, *args, **kwargs)

    return ask_checked


PATCHES = (
    Patch("concurrent.futures.process", "ProcessPoolExecutor.submit", _submit),
    Patch("concurrent.futures.process", "ProcessPoolExecutor._spawn_process", _spawn),
    Patch("multiprocessing.pool", "Pool.__init__", _init),
    *(
        Patch("multiprocessing.pool", f"Pool.{name}", _ask)
        for name in ("apply_async", "_map_async", "imap", "imap_unordered")
    ),
)
