"""Exceptions that nobody catches, as Python prints them: when a thread or the program ends, and from ``__del__``.

Before 3.13 the interpreter prints them by itself, and looks for the lines in a file of the code's name. There is none
of a marked name, so those of managed code are printed here. Whoever set a hook of his own is left alone.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from hotd.core.border import Returned, call
from hotd.core.marks import is_marked, plain


def text_of(error: BaseException | None, trace: TracebackType | None) -> str | None:
    """The traceback for people, if managed code has to do with it."""
    said = call(lambda: "".join(traceback.format_exception(None, error, trace)))
    if isinstance(said, Returned) and is_marked(said.value):
        return plain(said.value)
    return None


def of_program(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
    """As ``sys.excepthook``."""
    text = text_of(error, trace)
    if text is None or not _print(text):
        sys.__excepthook__(kind, error, trace)


def of_thread(args: threading.ExceptHookArgs, /) -> Any:
    """As ``threading.excepthook``."""
    text = None if args.exc_type is SystemExit else text_of(args.exc_value, args.exc_traceback)
    name = args.thread.name if args.thread is not None else threading.get_ident()
    if text is None or not _print(f"Exception in thread {name}:\n{text}"):
        threading.__excepthook__(args)


def unraisable(args: sys.UnraisableHookArgs, /) -> Any:
    """As ``sys.unraisablehook``."""
    text = text_of(args.exc_value, args.exc_traceback)
    about = call(repr, args.object)
    said = about.value if isinstance(about, Returned) else "<an object whose __repr__ raises>"
    if text is None or not _print(f"{args.err_msg or 'Exception ignored in'}: {said}\n{text}"):
        sys.__unraisablehook__(args)


def _print(text: str) -> bool:
    def write() -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    return sys.stderr is not None and isinstance(call(write), Returned)


_HOOKS: tuple[tuple[Any, str, str, Callable[..., Any]], ...] = (
    (sys, "excepthook", "__excepthook__", of_program),
    (sys, "unraisablehook", "__unraisablehook__", unraisable),
    (threading, "excepthook", "__excepthook__", of_thread),
)


def install() -> None:
    """Print what Python itself would print."""
    for where, name, original, ours in _HOOKS:
        if getattr(where, name) is getattr(where, original):
            setattr(where, name, ours)


def uninstall() -> None:
    """Leave it to Python again."""
    for where, name, original, ours in _HOOKS:
        if getattr(where, name) is ours:
            setattr(where, name, getattr(where, original))
