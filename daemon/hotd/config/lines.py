"""On which line each key of a TOML text stands, which tomllib does not tell.

The text is known to be valid: tomllib has read it. So this only follows tables, keys and brackets and judges nothing.
"""

from __future__ import annotations

import re
import tomllib

Key = tuple[str | int, ...]
"""The way to a value: names of tables and keys, positions in lists."""

_TOKEN = re.compile(
    r'''
    (?P<skip>    [\x20\t\r]+ | \#[^\n]* )
  | (?P<newline> \n )
  | (?P<text>    """(?:[^\\]|\\.)*?"""(?:"{0,2}) | \'\'\'.*?\'\'\'(?:'{0,2}) | "(?:[^"\\]|\\.)*" | '[^']*' )
  | (?P<mark>    [][{}=,.] )
  | (?P<bare>    [^][{}=,."'\#\s]+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> dict[Key, int]:
    """Every table, key and list item -> its line, from 1. The text must be valid TOML."""
    return _Scan(text).document()


class _Scan:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        line = 1
        for found in _TOKEN.finditer(text):
            if found.lastgroup != "skip":
                self._tokens.append((str(found.lastgroup), found[0], line))
            line += found[0].count("\n")
        self._tokens.append(("newline", "\n", line))
        self._at = 0
        self._lines: dict[Key, int] = {}

    def document(self) -> dict[Key, int]:
        table: Key = ()
        while self._at < len(self._tokens):
            if self._next_is("\n"):
                self._at += 1
            elif self._next_is("["):
                while self._next_is("["):  # two of them open an item of a list of tables
                    self._at += 1
                table = self._key((), end="]")
                while self._next_is("]"):
                    self._at += 1
            else:
                self._value(self._key(table, end="="))
        return self._lines

    def _next_is(self, *texts: str) -> bool:
        kind, text, _ = self._tokens[self._at]
        return kind in ("mark", "newline") and text in texts

    def _key(self, table: Key, end: str) -> Key:
        """Read a dotted key and the mark behind it. Tables that it names by the way stand on its line too."""
        key = table
        while True:
            kind, text, line = self._tokens[self._at]
            self._at += 1
            if kind == "mark" and text == end:
                return key
            if kind != "mark":
                key = (*key, tomllib.loads(f"key = {text}")["key"] if kind == "text" else text)
                self._lines.setdefault(key, line)

    def _value(self, key: Key) -> None:
        if self._next_is("["):
            self._list(key)
        elif self._next_is("{"):
            self._inline_table(key)
        else:
            while not self._next_is("\n", ",", "]", "}"):
                self._at += 1

    def _list(self, key: Key) -> None:
        self._at += 1
        position = 0
        while not self._next_is("]"):
            if self._next_is("\n", ","):
                position += self._next_is(",")
                self._at += 1
            else:
                self._lines[(*key, position)] = self._tokens[self._at][2]
                self._value((*key, position))
        self._at += 1

    def _inline_table(self, key: Key) -> None:
        self._at += 1
        while not self._next_is("}"):
            if self._next_is("\n", ","):
                self._at += 1
            else:
                self._value(self._key(key, end="="))
        self._at += 1
