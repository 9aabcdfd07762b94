"""The mark that a managed file name carries: ``/ops/m.py@0123456789ab`` in code objects, ``/ops/m.py`` for people.

Two contents never share a marked name, so a traceback or a debugger can tell an old generation's line 7 from a new
one's; one content always has the same, so its code object can be cached. Coverage and debuggers look for the file, so
that a loader can be told to do without marks: then nothing here applies.
"""

from __future__ import annotations

import re
from types import FrameType

DIGITS = 12
"""Hex digits of the content's digest behind the ``@``."""

OWNER = "__part__"
"""Under this name the built-in names of managed code have what it belongs to: a frame's ``f_builtins`` so tell."""

_MARK = re.compile(rf"(?<=\.py)@[0-9a-f]{{{DIGITS}}}(?![0-9A-Za-z])")


def marked(path: str, digest: str) -> str:
    """The name that code compiled from this content carries."""
    return f"{path}@{digest[:DIGITS]}"


def is_marked(name: str) -> bool:
    """Whether this is a file name that carries a mark."""
    return _MARK.search(name) is not None


def is_managed(frame: FrameType) -> bool:
    """Whether managed code runs in the frame, from a file, of whichever name."""
    name = frame.f_code.co_filename
    return is_marked(name) or (OWNER in frame.f_builtins and not name.startswith("<"))


def plain(text: str) -> str:
    """The text with file names as people know them: the mark of each taken off."""
    return _MARK.sub("", text)
