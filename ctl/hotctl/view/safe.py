"""The one border between foreign text and a terminal."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: cursor, colour, title and clipboard sequences start here
    "\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or turning text around
    "\u2028\u2029"  # line ends that only some programs see
    "\ud800-\udfff"  # lone surrogates: bytes of a file name that are no UTF-8, which no stream takes
    "\U000e0000-\U000e007f"  # tags: invisible copies of ASCII
    "]"
)


def clean(text: str) -> str:
    """``text`` as one line in which nothing can move the cursor, hide, or run backwards: such characters are spelt.

    Every datum passes through here on its way to any terminal, pipe or log, whatever draws it.
    """
    return _UNSAFE.sub(_spelt, text)


def clean_lines(text: str) -> list[str]:
    """``text`` line by line, each one clean; tabs become spaces."""
    return [clean(line.expandtabs(4)) for line in text.replace("\r\n", "\n").rstrip("\n").split("\n")]


def exact_lines(text: str) -> list[str]:
    """``text`` line by line, each one clean, with its tabs: a program may read it again."""
    return ["\t".join(map(clean, line.split("\t"))) for line in text.split("\n")]


def _spelt(found: re.Match[str]) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "    "}.get(found[0]) or _escaped(ord(found[0]))


def _escaped(code: int) -> str:
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
