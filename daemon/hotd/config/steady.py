"""Reading a file that somebody may just be writing: the first half of a hotd.toml is one without the other modules."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hotd.contract.errors import BadConfig

T = TypeVar("T")

MOMENT = 0.05
"""Seconds between two looks: whoever writes in place has written more by then."""


def steadily(path: Path, read: Callable[[], T], wait: Callable[[float], object]) -> T:
    """What ``read`` makes of the file, if that was the same a moment before and still is.

    Raises BadConfig where it is not, and what ``read`` raises where it is.
    """
    before = _seen(path)
    wait(MOMENT)
    try:
        return read()
    finally:
        if _seen(path) != before:
            # Also instead of what was found wrong with half of it.
            hint = "nothing was changed; say `hotctl apply` again when it is whole"
            raise BadConfig(f"{path}: is being written", hint=hint, file=str(path))


def _seen(path: Path) -> tuple[bytes, int, int] | None:
    """What is in it, which file that is, and when it was written; None of what is no file, or cannot be read."""
    try:
        found = path.stat()
        return (path.read_bytes(), found.st_ino, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
    except OSError:
        return None
