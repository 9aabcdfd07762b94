"""The mark that a managed file name carries: ``/ops/m.py@0123456789ab`` in code objects, ``/ops/m.py`` for people.

Two contents never share a marked name, so a traceback or a debugger can tell an old generation's line 7 from a new
one's; one content always has the same, so its code object can be cached.
"""

from __future__ import annotations

import re

DIGITS = 12
"""Hex digits of the content's digest behind the ``@``."""

_MARK = re.compile(rf"(?<=\.py)@[0-9a-f]{{{DIGITS}}}(?![0-9A-Za-z])")


def marked(path: str, digest: str) -> str:
    """The name that code compiled from this content carries."""
    return f"{path}@{digest[:DIGITS]}"


def is_marked(name: str) -> bool:
    """Whether this is the file name of managed code."""
    return _MARK.search(name) is not None


def plain(text: str) -> str:
    """The text with file names as people know them: the mark of each taken off."""
    return _MARK.sub("", text)
