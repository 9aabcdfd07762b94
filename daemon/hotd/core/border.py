"""The border: foreign code is called here, and whatever it raises ends here as text.

An exception that is kept keeps its traceback, that its frames, and those everything the frames can see: one kept
exception held a whole generation in memory (measured). So nothing that leaves this module refers to one.

Managed code carries the mark of its content in its file name, unless its loader was told otherwise
(``hotd.core.marks``); people are shown the plain one.

The one function for all foreign code is pluggy's idea; that frames of the host only distract is dramatiq's.
"""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Generic, TypeVar

from hotd.core.marks import is_managed, plain
from hotd.core.values import Failure

__all__ = ["Raised", "Returned", "acall", "call", "plain", "raised", "stack_text"]

T = TypeVar("T")

LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 64_000
"""Characters; what is longer loses its middle. Failures are kept by the dozen and cross the control port."""


@dataclass(frozen=True, slots=True)
class Returned(Generic[T]):
    """It returned."""

    value: T


@dataclass(frozen=True, slots=True)
class Raised:
    """It raised; ``failure`` is all that is left of that."""

    failure: Failure
    stop: bool = False
    """It was ``hotd.api.Stop``, alone or as the only kind of exception in a group."""
    exit_code: int | None = None
    """What the process would have exited with, had this been the main thread; None unless it was SystemExit."""

    @property
    def orderly(self) -> bool:
        """Whether this is an end and no failure: ``Stop``, ``sys.exit()``, ``sys.exit(0)``."""
        return self.stop or self.exit_code == 0


def call(fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Returned[T] | Raised:
    """Call foreign code. It never raises, whatever ``fn`` does."""
    try:
        return Returned(fn(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001 - the border: nothing of foreign code gets past it
        return raised(error)


async def acall(fn: Callable[..., Awaitable[T]], /, *args: Any, **kwargs: Any) -> Returned[T] | Raised:
    """``call`` for what has to be awaited. CancelledError is an outcome as any other."""
    try:
        return Returned(await fn(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001 - the border
        return raised(error)


def raised(error: BaseException) -> Raised:
    """What is left of an exception of foreign code, for hooks that are handed one. It never raises.

    The exception itself is left as it is: somebody else may hold it too.
    """
    try:
        return Raised(_failure(error), _is_stop(error), _exit_code(error))
    except BaseException:  # noqa: BLE001 - describing it ran foreign code: attributes, __str__, __dir__, metaclasses
        kind = type.__dict__["__qualname__"].__get__(type(error))
        return Raised(Failure(kind, _UNSHOWABLE, f"{kind}: {_UNSHOWABLE}\n"))


def stack_text(frames: Iterable[tuple[FrameType, int]]) -> str | None:
    """The stack as a traceback shows it, innermost last, without our frames; None when nothing foreign is on it.

    ``frames`` are (frame, line) from the outermost in.
    """
    stack = traceback.StackSummary.extract(iter(frames))
    if all(_is_plumbing(frame.filename) for frame in stack):
        return None
    return _shortened(plain("".join(_without_ours(stack).format())), LONGEST_TRACEBACK)


# --- from exceptions to text -----------------------------------------------------------------------------------------

_UNSHOWABLE = "<the exception cannot be shown: describing it raises>"

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH120, PTH100 - see _is_ours
# The demo's modules are a user's code that happens to lie in our folder.
_DEMO = _PACKAGE + "demo" + os.sep
_STDLIB = sysconfig.get_path("stdlib") + os.sep
_LIBRARIES = tuple({sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib", "purelib", "platlib")})


def _failure(error: BaseException) -> Failure:
    summary = traceback.TracebackException.from_exception(error)
    _cut(summary)
    file, line = _place(error, summary.stack)
    return Failure(
        kind=_kind(type(error)),
        message=_shortened(_message(error), LONGEST_MESSAGE),
        traceback=_shortened(plain("".join(summary.format())), LONGEST_TRACEBACK),
        file=file,
        line=line,
    )


def _kind(cls: type[BaseException]) -> str:
    module = cls.__module__
    return cls.__qualname__ if module in ("builtins", "__main__") else f"{module}.{cls.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - foreign code
        return "<exception str() failed>"
    # str() may answer with a subclass of the user's, which would keep its class and so its generation.
    return plain(str.__str__(text))


def _cut(summary: traceback.TracebackException) -> None:
    """Take our frames out of the traceback and of all that hangs on it."""
    waiting: list[traceback.TracebackException | None] = [summary]
    while waiting:
        if (one := waiting.pop()) is not None:
            one.stack = _without_ours(one.stack)
            waiting += [one.__cause__, one.__context__, *(one.exceptions or ())]


def _without_ours(stack: traceback.StackSummary) -> traceback.StackSummary:
    """The stack without our frames, and without what stands between them on the way to the user's first one.

    That is threading's and asyncio's machinery, of which we are the reason.
    """
    first = next((index for index, frame in enumerate(stack) if not _is_plumbing(frame.filename)), len(stack))
    lead = max((index + 1 for index in range(first) if _is_ours(stack[index].filename)), default=0)
    return traceback.StackSummary.from_list([frame for frame in stack[lead:] if not _is_ours(frame.filename)])


def _is_ours(file: str) -> bool:
    # Plain text comparison: a traceback may have thousands of frames, and their files need not exist any more.
    return file.startswith(_PACKAGE) and not file.startswith(_DEMO)


def _is_plumbing(file: str) -> bool:
    return _is_ours(file) or file.startswith("<frozen ") or (file.startswith(_STDLIB) and "site-packages" not in file)


def _place(error: BaseException, stack: traceback.StackSummary) -> tuple[str | None, int | None]:
    """Where people should look: the innermost frame of managed code, else of any that is no library's."""
    if isinstance(error, SyntaxError):
        file, line = error.filename, error.lineno
        # <string> and the like are no files: then it is code that was compiled by the user's, and that has a frame.
        if isinstance(file, str) and isinstance(line, int) and not file.startswith("<"):
            return plain(str.__str__(file)), int(line)
    steps = traceback.walk_tb(error.__traceback__)
    managed = [(frame.f_code.co_filename, line) for frame, line in steps if is_managed(frame)]
    if managed:
        name, line = managed[-1]
        return plain(name), line
    users = [frame for frame in stack if not frame.filename.startswith(("<", *_LIBRARIES))]
    for frame in reversed(users or stack):
        return plain(frame.filename), frame.lineno
    return None, None


def _shortened(text: str, most: int) -> str:
    """Both ends of the text: a traceback tells the cause at one and the outcome at the other."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


# --- what kind of end it is ------------------------------------------------------------------------------------------


def _is_stop(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_stop(inner) for inner in error.exceptions)
    # By its mark and not by its class: hotd.api needs threads, and core knows none.
    return getattr(type(error), "__hotd_stop__", False) is True


def _exit_code(error: BaseException) -> int | None:
    if not isinstance(error, SystemExit):
        return None
    match error.code:
        case None:
            return 0
        case int(code):
            return int(code)
        case _:
            return 1
