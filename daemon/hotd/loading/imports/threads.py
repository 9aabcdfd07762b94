"""Threads belong to the generation whose code started them: timers and the workers of a pool included.

Before Python 3.14 a thread starts with an empty context, and below the frames of the standard library's own workers
there is no managed code that could be asked. So what the starter knows is handed to the thread, and what is submitted
to a ``ThreadPoolExecutor`` (``asyncio.to_thread`` and ``run_in_executor`` included) is handed what its submitter knows:
the workers may be those of another generation, or of nobody.

Not handed on: a *library's* function that looks names up by itself (``pickle.loads``), where it is given to a thread
that runs already and is not such an executor's (a queue of one's own, ``multiprocessing.pool.ThreadPool``), or to a
bare ``_thread.start_new_thread``. It belongs to whoever started that thread, or to nobody. Managed code is at home
everywhere: its frames tell.
"""

from __future__ import annotations

import contextvars
import functools
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

from hotd.loading.imports.asking import BOUND, Inherited, bind, call_born, maker, scopes
from hotd.loading.imports.part import Part, Scope
from hotd.loading.patches import Patch

_inherited: dict[contextvars.ContextVar[Any], object] = {}
"""Variable -> what it is where nobody set it."""
_given: dict[int, Given] = {}
"""Identity of a thread, from its start to its end -> what it was given. Not the thread: its class may say what equals
what."""
_watched: dict[int, tuple[Callable[[], None], ...]] = {}
"""By identity as well -> who is to be told of its end."""


def inherit(var: contextvars.ContextVar[Any]) -> None:
    """Threads started, and work submitted, where ``var`` is set have its value from now on, in the whole process.

    Idempotent. The variable needs a default value.
    """
    _inherited[var] = contextvars.Context().run(var.get)


def starter(thread: threading.Thread) -> Part | None:
    """The part whose code started the thread, also where that was a library on its behalf; while it is in memory."""
    given = _given.get(id(thread))
    return given.maker() if given is not None else None


def when_over(thread: threading.Thread, tell: Callable[[], None]) -> None:
    """Call ``tell`` on the thread itself when it has run. Never if it has already."""
    _watched[id(thread)] = (*_watched.get(id(thread), ()), tell)


class Given:
    """What code hands to whoever works for it."""

    def __init__(self, frame: FrameType | None) -> None:
        self._known: list[Scope] = list(scopes(frame))
        part = maker(frame) if self._known else None
        self._maker = weakref.ref(part) if part is not None else None
        self.taken = False
        self._values = [(var, var.get()) for var in _inherited]

    @property
    def matters(self) -> bool:
        """Whether a thread that gets nothing would notice."""
        return bool(self._known) or any(value is not _inherited[var] for var, value in self._values)

    def maker(self) -> Part | None:
        """The part whose code handed it, while it is in memory."""
        return self._maker() if self._maker is not None else None

    def be_born(self, run: Callable[[], None]) -> None:
        """A thread's whole life. It must not keep its starter's generation in memory: an idle worker lives long."""
        self.taken = True
        scope = Inherited(self._known, self.maker()) if self._known else None
        self._known.clear()
        for var, value in self._values:
            var.set(value)
        self._values.clear()
        call_born(scope, run) if scope is not None else run()

    def work(self, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """One piece of work, which keeps its submitter's generation in memory until it is done."""
        tokens = [(var, var.set(value)) for var, value in self._values]
        before = BOUND.get()
        bind(Inherited(self._known, self.maker()))
        try:
            return run(*args, **kwargs)
        finally:
            bind(before)
            for var, token in tokens:
                var.reset(token)
            self._known.clear()
            self._values.clear()


def _start(start: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(start)
    def start_given(self: threading.Thread) -> None:
        given = Given(sys._getframe(1))
        if not given.matters or _given.setdefault(id(self), given) is not given:  # the latter: it is running
            start(self)
            return
        try:
            start(self)
        finally:
            if not given.taken:  # there is no room for a thread, or it was started before
                _given.pop(id(self), None)

    return start_given


def _bootstrap(bootstrap: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(bootstrap)
    def bootstrap_given(self: threading.Thread) -> None:
        given = _given.get(id(self))
        try:
            if given is None:
                bootstrap(self)
            else:
                given.be_born(functools.partial(bootstrap, self))
        finally:
            _given.pop(id(self), None)
        for tell in _watched.pop(id(self), ()):
            tell()

    return bootstrap_given


def _submit(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def init_given(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.__dict__[_GIVEN] = Given(sys._getframe(1))

    return init_given


def _work(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def run_given(self: Any, *args: Any, **kwargs: Any) -> Any:
        given: Given | None = self.__dict__.pop(_GIVEN, None)
        return run(self, *args, **kwargs) if given is None else given.work(run, self, *args, **kwargs)

    return run_given


_GIVEN = "_hotd_given"
PATCHES = (
    # The doors that every thread passes, and every piece of work for a pool.
    Patch("threading", "Thread.start", _start),
    Patch("threading", "Thread._bootstrap_inner", _bootstrap),
    Patch("concurrent.futures.thread", "_WorkItem.__init__", _submit),
    Patch("concurrent.futures.thread", "_WorkItem.run", _work),
)
