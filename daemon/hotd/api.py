"""What a module hosted by hotd may import; it need not.

    from hotd import api

    def work():
        for n, job in enumerate(jobs):
            api.checkpoint()                 # the safe place to stop
            api.progress(n, len(jobs))
            job()

Everything works outside the daemon too, so a module stays a plain script that its author can run and test: nobody asks
it to stop, sleeps last as long as they say, progress goes nowhere, what was handed over stays in the process.

The standard library is all this imports.
"""

from __future__ import annotations

import asyncio
import math
import numbers
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, cast

__all__ = [
    "checkpoint",
    "stopping",
    "wait",
    "sleep",
    "progress",
    "hand_over",
    "handed_over",
    "instance",
    "Instance",
    "Stop",
]


class Stop(BaseException):
    """Raised by ``checkpoint`` in an instance that was asked to end; let it pass, or raise it yourself to end.

    A BaseException, as ``except Exception`` around a job must not swallow the end of the worker.
    """

    __hotd_stop__: ClassVar[bool] = True
    """How ``hotd.core.border`` knows it without importing this module, which needs threads."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Who is running: ``Instance("long_op-7", "long_op", 3)`` is the seventh instance ever, on generation 3."""

    id: str
    module: str
    generation: int


OUTSIDE = Instance("__main__-0", "__main__", 0)
"""What ``instance`` answers outside the daemon, where real numbers and generations start at 1."""


# --- asked to stop ---------------------------------------------------------------------------------------------------


def checkpoint() -> None:
    """Return at once; raise ``Stop`` where this instance has been asked to end."""
    if stopping():
        raise Stop


def stopping() -> bool:
    """Whether this instance has been asked to end. Never, outside the daemon."""
    context = CURRENT.get()
    return context is not None and context.stop.is_set()


def wait(seconds: float) -> bool:
    """Sleep, but no longer than until this instance is asked to end; True when it has been. Nothing below 0 waits.

    Raises TypeError for anything but a number, ValueError for nan.
    """
    context = CURRENT.get()
    event = threading.Event() if context is None else context.stop
    return event.wait(_pause(seconds))


async def sleep(seconds: float) -> bool:
    """``wait`` for coroutines: True when this instance has been asked to end.

    An ``async def`` entry is cancelled when it is asked, so there it is CancelledError that ends the sleep, as it
    would any other await; tasks that the entry made, and loops of other entries' own, see True.
    """
    pause, context = _pause(seconds), CURRENT.get()
    if context is None:
        await asyncio.sleep(pause)
        return False
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not asked.done():
            asked.set_result(None)

    def wake() -> None:
        with suppress(RuntimeError):  # the loop was closed around the sleeper
            loop.call_soon_threadsafe(settle)

    with context.telling(wake):
        await asyncio.wait([asked], timeout=pause)
    return context.stop.is_set()


# --- telling and asking ----------------------------------------------------------------------------------------------


def progress(done: float, total: float | None = None, note: str = "") -> None:
    """Say how far it is; ``hotctl instances`` shows the latest. Cheap enough for every turn of a loop.

    Notes are cut after 200 characters. Raises TypeError for anything but numbers and a str, ValueError for nan and
    infinities.
    """
    said = Said(_number("done", done), None if total is None else _number("total", total), _note(note))
    context = CURRENT.get()
    if context is not None:
        context.said = said


def instance() -> Instance:
    """Who the caller is; ``OUTSIDE`` (generation 0) where no daemon runs it."""
    context = CURRENT.get()
    return OUTSIDE if context is None else Instance(context.id, context.module, context.generation)


def hand_over(state: Any) -> None:
    """Leave state to the successor: a copy is kept, the last one counts.

    Plain data only, since it outlives this code and this process: None, bool, int, finite float, str, and lists and
    dicts (with str keys) of these. Tuples arrive as lists. Raises TypeError for all else, and ValueError for what JSON
    cannot hold, each naming the place. Outside the daemon the next ``handed_over`` of the process gets it.
    """
    kept = _plain(state, "state", 0)
    context = CURRENT.get()
    if context is None:
        _left_here.append(kept)
    else:
        context.left = Left(kept)


def handed_over() -> Any:
    """Take what the predecessor left; None where there was none, and for whoever asks again."""
    context = CURRENT.get()
    inherited = _left_here if context is None else context.inherited
    try:
        return inherited.pop()
    except IndexError:
        return None


_left_here: deque[Any] = deque(maxlen=1)


# --- the daemon's side -----------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """What ``progress`` was last told."""

    done: float
    total: float | None
    note: str


class Left(NamedTuple):
    """What ``hand_over`` was given; a None that was handed over is something."""

    state: Any


class Context:
    """One running instance, as its own code sees it. It holds text and plain data, nothing of a generation."""

    __slots__ = ("__weakref__", "_told", "generation", "id", "inherited", "left", "module", "said", "stop")

    def __init__(self, id: str, module: str, generation: int, *inherited: Any) -> None:
        self.id = id
        self.module = module
        self.generation = generation
        self.stop = threading.Event()
        self.said: Said | None = None
        """Replaced as a whole: whoever reads it needs no lock."""
        self.left: Left | None = None
        self.inherited: deque[Any] = deque(inherited, maxlen=1)
        self._told: list[Callable[[], None]] = []

    def ask(self) -> None:
        """Ask the instance to end. The callbacks of ``telling`` run here, so they must not block."""
        self.stop.set()
        for callback in list(self._told):
            callback()

    @contextmanager
    def telling(self, callback: Callable[[], None]) -> Iterator[None]:
        """While this lasts, call ``callback`` when the instance is asked to end; at once if it has been.

        It may be called twice: whoever asks between our two statements sees it in the list, and we see the event.
        The other order would lose the call of an ``ask`` that falls between them.
        """
        self._told.append(callback)
        try:
            if self.stop.is_set():
                callback()
            yield
        finally:
            self._told.remove(callback)


CURRENT: ContextVar[Context | None] = ContextVar("hotd_instance", default=None)
"""The instance whose code runs. Set by the executor; inherited by threads that managed code starts."""


# --- what may be said ------------------------------------------------------------------------------------------------

_LONGEST_NOTE = 200
_DEEPEST = 100
_WIDEST = 4096
"""Bits of an int: Python refuses to print far longer ones (sys.set_int_max_str_digits)."""


def _pause(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real):
        raise TypeError(f"seconds must be a number, not {_kind(seconds)}")
    if seconds != seconds:  # noqa: PLR0124 - nan; math.isnan fails for an int that no float can hold
        raise ValueError("seconds must be a number, not nan")
    return float(min(max(cast(float, seconds), 0.0), threading.TIMEOUT_MAX))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, not {_kind(value)}")
    try:
        finite = float(value)
    except OverflowError:
        finite = math.inf
    if not math.isfinite(finite):
        raise ValueError(f"{name} must be finite")
    return int(value) if isinstance(value, numbers.Integral) else finite


def _note(note: object) -> str:
    if not isinstance(note, str):
        raise TypeError(f"note must be a str, not {_kind(note)}")
    # Exactly a str: one of a user's class would keep that class, and so its generation, in memory.
    text = str.__str__(note)
    return text if len(text) <= _LONGEST_NOTE else text[: _LONGEST_NOTE - 1] + "…"


def _plain(value: Any, place: str, depth: int) -> Any:
    """A copy of the plain data, of exactly the types of JSON."""
    if depth > _DEEPEST:
        raise ValueError(f"{place} is nested deeper than {_DEEPEST} levels, or contains itself")
    match value:
        case None | True | False:
            return value
        case str():
            return str.__str__(value)
        case int():
            if value.bit_length() > _WIDEST:
                raise ValueError(f"{place} is an int of more than {_WIDEST} bits")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{place} is {value}, which JSON cannot hold")
            return float(value)
        case list() | tuple():
            return [_plain(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
        case dict():
            return {_key(key, place): _plain(item, f"{place}[{key!r}]", depth + 1) for key, item in value.items()}
    raise TypeError(f"{place} is a {_kind(value)}; what is handed over must be plain data, as JSON has it")


def _key(key: object, place: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{place} has the key {key!r}; keys must be str, as in JSON")
    return str.__str__(key)


def _kind(value: object) -> str:
    return type(value).__qualname__
