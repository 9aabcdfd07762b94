"""Who asks? The generation of the code that is running, found without its help.

Three answers, in this order:
1. the nearest frame of managed code whose closure has the name (a part that generations share does not know it, and so
   leaves the question to its caller);
2. what this thread is bound to: `Generation.run`, a load in progress, or what the thread inherited when it was started;
3. the head: the current generation of the loader that promoted last.
"""

from __future__ import annotations

import builtins
import opcode
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar, copy_context
from types import FrameType
from typing import ParamSpec, Protocol, TypeVar

from hotd.loading import forks
from hotd.loading.imports.part import OWNER, Part, Scope

P = ParamSpec("P")
T = TypeVar("T")


class Line(Protocol):
    """A loader, as far as the head is concerned."""

    def head(self) -> Scope | None: ...


BOUND: ContextVar[Scope | None] = ContextVar("hotd_generation", default=None)
"""The generation that this thread works for."""


class Heads:
    """Open loaders; who promoted last is last. The tuple is replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self.lines: tuple[weakref.ref[Line], ...] = ()
        self._lock = threading.RLock()
        """Two loaders that promote at once would each write down what the other one is not in."""
        forks.renew(self, "_lock", threading.RLock)

    def without(self, line: Line) -> None:
        """It is no head any more."""
        with self._lock:
            self.lines = tuple(other for other in self.lines if other() not in (None, line))

    def last(self, line: Line) -> None:
        """It promoted last."""
        with self._lock:
            self.lines = (*(other for other in self.lines if other() not in (None, line)), weakref.ref(line))


HEADS = Heads()


def call_bound(scope: Scope, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``fn`` for this generation. Whoever called us is not asked about names any more."""
    before = BOUND.get()
    bind(scope)
    try:
        return fn(*args, **kwargs)
    finally:
        bind(before)


def bind(scope: Scope | None) -> None:
    """Set it, whatever the garbage collector runs meanwhile.

    Until 3.12 it may run a user's ``__del__`` in the middle of that, who may come here: the map of the context that is
    just being copied must not go then. Nor may the variable be taken out of it, which would leave the interpreter's
    cache of its value behind.
    """
    held = copy_context()
    BOUND.set(scope)
    del held


_thread = threading.local()


def call_born(scope: Scope, fn: Callable[[], None]) -> None:
    """A thread's whole life, for whoever started it: also where that runs something in another context."""
    _thread.scope = scope
    bind(scope)
    fn()


def _bound() -> Scope | None:
    bound = BOUND.get()
    return bound if bound is not None else getattr(_thread, "scope", None)


_BORDER = call_bound.__code__
_PLAIN = builtins.__dict__
_IMPORT = "<frozen importlib._bootstrap>"
_IMPORT_NAME = opcode.opmap["IMPORT_NAME"]


def is_import(frame: FrameType) -> bool:
    """Whether the import system asks, for code that is not ours: an import statement, or ``import_module``.

    Both look at the ``__spec__`` of what they find in ``sys.modules``, to see whether it is being imported right now.
    """
    code = frame.f_code
    if code.co_filename == _IMPORT:
        return code.co_name == "_find_and_load"
    return frame.f_lasti >= 0 and code.co_code[frame.f_lasti] == _IMPORT_NAME


def askers(frame: FrameType | None) -> Iterator[Part]:
    """The parts whose code runs, nearest first, up to the border of the load or call they run in."""
    last: Part | None = None
    while frame is not None:
        if frame.f_code is _BORDER:
            return
        if (own := frame.f_builtins) is not _PLAIN:
            part: Part | None = own.get(OWNER)
            if part is not None and part is not last:
                last = part
                yield part
        frame = frame.f_back


def scopes(frame: FrameType | None) -> Iterator[Scope]:
    """Everybody who may know what a name means to the running code, who knows best first; the heads excluded."""
    yield from askers(frame)
    if (bound := _bound()) is not None:
        yield bound


def maker(frame: FrameType | None) -> Part | None:
    """The part whose code does what is done in ``frame``: the nearest one, or the one that started this thread.

    None while a library is imported for the first time: what it registers then is its own, for good, whoever made it
    be imported.
    """
    while frame is not None:
        if frame.f_code is _BORDER:
            return None
        if (own := frame.f_builtins) is not _PLAIN and OWNER in own:
            found: Part = own[OWNER]
            return found
        if frame.f_code.co_filename == _IMPORT:
            return None
        frame = frame.f_back
    bound = _bound()
    return bound.starter() if isinstance(bound, Inherited) else None


def resolve(name: str, frame: FrameType | None) -> Part | None:
    """The part that ``name`` means to the code that runs in ``frame``."""
    for scope in scopes(frame):
        found = scope.find(name)
        if found is not None:
            return found
    return at_head(name)


def at_head(name: str) -> Part | None:
    """The part that ``name`` means to code that belongs to no generation."""
    for reference in reversed(HEADS.lines):
        line = reference()
        head = line.head() if line is not None else None
        found = head.find(name) if head is not None else None
        if found is not None:
            return found
    return None


def to_front(line: Line) -> None:
    """From now on this loader's current generation is the first to be asked by outside code."""
    HEADS.last(line)


def leave(line: Line) -> None:
    """Outside code is not answered by this loader any more."""
    HEADS.without(line)


class Inherited:
    """What a thread was born with: the generation its starter was bound to, and the starter's own parts.

    Held weakly: an idle worker of a shared pool, started by g1, must not keep g1 in memory, nor must a context that a
    shared part copied while g1 was loaded or ran (an asyncio task has one). While g1's code runs, that code's frames
    hold g1's parts.
    """

    __slots__ = ("_scopes", "_starter")

    def __init__(self, known: Iterable[Scope], starter: Part | None = None) -> None:
        found = {id(scope): weakref.ref(scope) for scope in single(known)}
        self._scopes: tuple[weakref.ref[Scope], ...] = tuple(found.values())
        self._starter = weakref.ref(starter) if starter is not None else None

    def starter(self) -> Part | None:
        """The part whose code started the thread, while it is in memory."""
        return self._starter() if self._starter is not None else None

    def find(self, name: str) -> Part | None:
        for scope in self.living():
            found = scope.find(name)
            if found is not None:
                return found
        return None

    def living(self) -> list[Scope]:
        """Those that are still in memory."""
        return [scope for reference in self._scopes if (scope := reference()) is not None]


def single(known: Iterable[Scope]) -> Iterator[Scope]:
    """The scopes, with generations and parts in place of what a thread inherited."""
    for scope in known:
        if isinstance(scope, Inherited):
            yield from scope.living()
        else:
            yield scope
