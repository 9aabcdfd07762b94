"""What a screen is made of, before anybody decides how it is drawn.

A screen is a pure function from views to blocks. ``plain`` draws blocks as text, ``paint`` with rich: both show the
same data, because neither adds any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. An ornament is for eyes only: plain output leaves it out."""

    text: str
    style: str = ""
    ornament: bool = False


Phrase = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence; wraps at the width of the terminal and keeps its indent."""

    phrase: Phrase
    indent: int = 0
    head: int = 0
    """So many spans stand in front; what wraps stays to the right of them."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Foreign lines shown as they are: tracebacks, source."""

    text: str
    indent: int = 0
    style: str = ""
    exact: bool = False
    """Where it is not drawn but piped, somebody may want it byte for byte: blanks at its ends, and tabs."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and what is known under them."""

    rows: tuple[tuple[str, Phrase], ...]
    indent: int = 2


@dataclass(frozen=True, slots=True)
class Column:
    """Where a terminal is too narrow, ``spare`` columns are left out, then ``flexible`` ones fold."""

    title: str
    right: bool = False
    flexible: bool = False
    spare: bool = False
    """Another command shows it too."""


Cell = tuple[Phrase, ...]
"""The pieces of a cell: beside each other where there is room, below each other where not."""


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    notes: tuple[Line, ...] = ()
    """What must never be cut: lines of their own below the row."""


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


Block = Line | Verbatim | Facts | Table
Page = list[Block]


def phrase(*parts: str | Span) -> Phrase:
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def line(*parts: str | Span, indent: int = 0, head: int = 0) -> Line:
    return Line(phrase(*parts), indent, head)


def cell(text: str, style: str = "") -> Cell:
    return (phrase(Span(text, style)),)


def row(*cells: str | Cell, notes: Iterable[Line] = ()) -> Row:
    return Row(tuple(cell(c) if isinstance(c, str) else c for c in cells), tuple(notes))


def strong(text: str) -> Span:
    return Span(text, "strong")


def dim(text: str) -> Span:
    return Span(text, "dim")


def command(text: str) -> Span:
    """Something to type."""
    return Span(text, "command")


def generation_style(number: int | None) -> str:
    """The same generation has the same colour wherever it is shown."""
    return "" if number is None else f"generation{number % 6}"


def sentences(text: str, *, style: str = "", indent: int = 0) -> list[Line]:
    """A foreign message that may have several lines."""
    return [line(Span(part, style), indent=indent) for part in text.rstrip("\n").split("\n")]
