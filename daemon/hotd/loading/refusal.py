"""The border to user code: whatever ends a load becomes a sentence, a place and a text. The exception is dropped.

A kept exception keeps its frames, and those the whole candidate (measured).
"""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType
from typing import Any

from hotd.contract.errors import (
    ImportRejected,
    LoadRejected,
    MissingDependency,
    SourceUnreadable,
    SyntaxRejected,
)
from hotd.core.marks import plain
from hotd.loading.disk import file_name, folder_name
from hotd.loading.part import Router

_OURS = folder_name(__file__) + os.sep
_MACHINERY = ("<frozen importlib", "<frozen runpy")


class Avoided(LoadRejected):
    """The content is one that the caller asked not to execute; nothing was executed. ``digest`` names it."""

    code = "avoided"


def with_digest(error: LoadRejected, digest: str) -> LoadRejected:
    """The same error, which now says as ``error.digest`` what was refused."""
    error.digest = digest
    return error


def does_not_compile(path: str, error: BaseException) -> LoadRejected:
    """What compiling a source ended with."""
    text = plain("".join(traceback.format_exception_only(error)))
    name = file_name(path)
    if isinstance(error, SyntaxError):
        where = f" line {error.lineno}" if error.lineno else ""
        return SyntaxRejected(
            f"{name}{where}: {error.msg}",
            file=path,
            line=error.lineno,
            traceback=text,
            hint="correct it and save again",
        )
    if isinstance(error, (RecursionError, MemoryError, OverflowError)):
        return SyntaxRejected(f"{name} is nested too deeply, or too long, to be compiled", file=path, traceback=text)
    return SyntaxRejected(f"{name}: {_said(error)}", file=path, traceback=text)


def unreadable(path: str, error: BaseException) -> LoadRejected:
    """What reading or decoding a source ended with."""
    hint = None
    if isinstance(error, UnicodeDecodeError):
        reason = f"byte {error.start} is not {error.encoding}"
        hint = "save it as UTF-8, or name its encoding in a coding cookie in its first line"
    elif isinstance(error, PermissionError):
        reason = "permission denied"
        hint = f"let uid {os.geteuid()} read it"
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror.lower()
    else:
        reason = _said(error)
    return SourceUnreadable(f"{path} cannot be read: {reason}", file=path, hint=hint)


def raised(error: BaseException) -> LoadRejected:
    """What executing a candidate ended with."""
    file, line, importer = _place(error.__traceback__)
    text = text_of(error)
    where: dict[str, Any] = {"file": file, "line": line, "traceback": text}
    at = f"{importer} line {line}" if importer else "the entry"
    if isinstance(error, ModuleNotFoundError):
        name = error.name or "a module"
        package = name.partition(".")[0]
        hint = (
            f"looked under the roots and with {sys.executable}: put it under the roots, "
            f"or install it: {sys.executable} -m pip install {package}"
        )
        return MissingDependency(f"{at} imports {name}, which nobody has", hint=hint, **where)
    if isinstance(error, SyntaxError):
        file = plain(error.filename) if error.filename else file
        return SyntaxRejected(f"{at}: {plain(_said(error))}", file=file, line=error.lineno, traceback=text)
    if isinstance(error, SystemExit):
        hint = 'guard it with `if __name__ == "__main__":`'
        return ImportRejected(f"{at} called sys.exit({error.code!r}) while it was imported", hint=hint, **where)
    return ImportRejected(f"{at} raised {type(error).__name__}: {plain(_said(error))}", **where)


def in_user_code(error: BaseException) -> bool:
    """Whether managed code was running when it was raised."""
    return _place(error.__traceback__)[0] is not None


def text_of(error: BaseException) -> str:
    """The traceback as text: lines of the generation that ran, plain paths, none of our frames."""
    whole = traceback.TracebackException.from_exception(error)
    _cut(whole, set())
    return plain("".join(whole.format()))


def _cut(whole: traceback.TracebackException, seen: set[int]) -> None:
    if id(whole) in seen:
        return
    seen.add(id(whole))
    kept = [frame for frame in whole.stack if not frame.filename.startswith((_OURS, *_MACHINERY))]
    whole.stack = traceback.StackSummary.from_list(kept)
    for other in (whole.__cause__, whole.__context__, *(getattr(whole, "exceptions", None) or ())):
        if other is not None:
            _cut(other, seen)


def _place(trace: TracebackType | None) -> tuple[str | None, int | None, str | None]:
    """File, line and name of the innermost managed frame."""
    file: str | None = None
    line: int | None = None
    name: str | None = None
    while trace is not None:
        router = trace.tb_frame.f_builtins.get("__import__")
        if isinstance(router, Router):
            file = plain(trace.tb_frame.f_code.co_filename)
            line, name = trace.tb_lineno, file_name(file)
        trace = trace.tb_next
    return file, line, name


def _said(error: BaseException) -> str:
    """``str(error)``, which is user code too."""
    try:
        text = str(error)
    except BaseException as again:  # noqa: BLE001 - a broken __str__ must not get out of the report about it
        return f"<its __str__ raised {type(again).__name__}>"
    return text or type(error).__name__
