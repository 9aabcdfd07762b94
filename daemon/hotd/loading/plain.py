"""Our file names carry the hash of their content; what people read does not."""

from __future__ import annotations

import re

MARK = 12
"""Hex digits of the content's hash behind the ``@``."""

_MARKED = re.compile(rf"(?<=\.py)@[0-9a-f]{{{MARK}}}(?![0-9A-Za-z])")


def marked(path: str, digest: str) -> str:
    """The name that code compiled from this content carries: ``/ops/m.py@0123456789ab``.

    Two contents never share one, so a traceback or a debugger can tell an old generation's line 7 from a new one's;
    one content always has the same, so its code object can be cached.
    """
    return f"{path}@{digest[:MARK]}"


def plain(text: str) -> str:
    """The text with the mark of every file name of ours taken off."""
    return _MARKED.sub("", text)
