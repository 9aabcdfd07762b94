"""Whatever ends a load, as a refusal: a sentence, a place, a cure and a text. The exception itself is dropped.

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
from hotd.core import border
from hotd.core.border import Raised, Returned
from hotd.core.bundle import Carried
from hotd.core.marks import plain
from hotd.core.values import Failure
from hotd.loading.imports.part import OWNER
from hotd.loading.sources.files import file_name


class Avoided(LoadRejected):
    """The content is one that the caller asked not to execute; nothing was executed. ``digest`` names it."""

    code = "avoided"


def with_digest(error: LoadRejected, digest: str, carried: Carried = ()) -> LoadRejected:
    """The same error, which now says as ``error.digest`` what was refused, and what that covers unseen."""
    error.digest, error.carried = digest, carried
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
    return SyntaxRejected(f"{name}: {error}", file=path, traceback=text)


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
        reason = str(error)
    return SourceUnreadable(f"{path} cannot be read: {reason}", file=path, hint=hint)


def does_not_run(error: BaseException) -> LoadRejected:
    """What executing a candidate ended with. It never raises, though what describes an exception is user code too."""
    left = border.raised(error).failure
    told = border.call(_told, error, left)
    if isinstance(told, Returned):
        return told.value
    sentence = f"{left.kind}: {left.message}"
    return ImportRejected(sentence, file=left.file, line=left.line, traceback=left.traceback)


def _told(error: BaseException, left: Failure) -> LoadRejected:
    file, line, importer = _place(error.__traceback__)
    where: dict[str, Any] = {"file": file, "line": line, "traceback": left.traceback}
    at = f"{importer} line {line}" if importer else "the entry"
    said = _said(error, left)
    if isinstance(error, ModuleNotFoundError):
        name = str(error.name or "a module")
        package = name.partition(".")[0]
        hint = (
            f"looked under the roots and with {sys.executable}: put it under the roots, "
            f"or install it: {sys.executable} -m pip install {package}"
        )
        return MissingDependency(f"{at} imports {name}, which nobody has", hint=hint, **where)
    if isinstance(error, SyntaxError):
        return SyntaxRejected(f"{at}: {said}", file=left.file or file, line=left.line, traceback=left.traceback)
    if isinstance(error, SystemExit):
        hint = 'guard it with `if __name__ == "__main__":`'
        return ImportRejected(f"{at} called sys.exit({error.code!r}) while it was imported", hint=hint, **where)
    return ImportRejected(f"{at} raised {type(error).__name__}: {said}", **where)


def in_user_code(error: BaseException) -> bool:
    """Whether managed code was running when it was raised."""
    return _place(error.__traceback__)[0] is not None


def _place(trace: TracebackType | None) -> tuple[str | None, int | None, str | None]:
    """File, line and name of the innermost managed frame."""
    file: str | None = None
    line: int | None = None
    name: str | None = None
    while trace is not None:
        if OWNER in trace.tb_frame.f_builtins:
            file = plain(trace.tb_frame.f_code.co_filename)
            line, name = trace.tb_lineno, file_name(file)
        trace = trace.tb_next
    return file, line, name


def _said(error: BaseException, left: Failure) -> str:
    """Its message; where its ``__str__`` is broken, how."""
    broken = border.call(str, error)
    if isinstance(broken, Raised):
        return f"<its __str__ raised {broken.failure.kind}>"
    return left.message or type(error).__name__
