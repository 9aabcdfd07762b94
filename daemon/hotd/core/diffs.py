"""What tells one generation's sources from another's."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterator, Sequence

from hotd.contract.views import FileDiff
from hotd.core.bundle import Bundle

LONGEST = 512 * 1024
"""Bytes of a file that is compared line by line: what that takes grows faster than the file."""
NOWHERE = "/dev/null"
UNENDED = "\\ No newline at end of file\n"


def diffs(before: tuple[int, Bundle], after: tuple[int, Bundle], roots: Sequence[str]) -> Iterator[FileDiff]:
    """Every file that is not the same in the two, each under its number, in the order of roots and paths."""
    (old, theirs), (new, ours) = ((number, _files(bundle)) for number, bundle in (before, after))
    for place in sorted({*theirs, *ours}):
        was, now = theirs.get(place), ours.get(place)
        if was == now:
            continue
        number, path = place
        yield FileDiff(
            path,
            roots[number] if number < len(roots) else None,
            "added" if was is None else "removed" if now is None else "changed",
            None if was is None else len(was),
            None if now is None else len(now),
            _unified(path, (old, was), (new, now)),
        )


def _files(bundle: Bundle) -> dict[tuple[int, str], bytes]:
    return {(file.root, file.path): file.data for file in bundle.files}


def _unified(path: str, before: tuple[int, bytes | None], after: tuple[int, bytes | None]) -> str | None:
    """As ``diff -u`` has it and ``patch -p1`` takes it."""
    (old, was), (new, now) = before, after
    theirs, ours = _lines(path, was), _lines(path, now)
    if theirs is None or ours is None:
        return None
    names = (f"g{old}/{path}" if was is not None else NOWHERE, f"g{new}/{path}" if now is not None else NOWHERE)
    found = difflib.unified_diff(theirs, ours, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n{UNENDED}" for line in found)


def _lines(path: str, data: bytes | None) -> list[str] | None:
    """None for what is no text. A line ends where a newline is: other ends are part of the line, and can be seen."""
    if data is None:
        return []
    if len(data) > LONGEST or b"\0" in data:
        return None
    try:
        return list(io.StringIO(data.decode(_encoding(path, data))))
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None


def _encoding(path: str, data: bytes) -> str:
    """Sources say it themselves. A mark at the beginning is a character that can be another, too."""
    if not path.endswith(".py"):
        return "utf-8"
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0].removesuffix("-sig")
