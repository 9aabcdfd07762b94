"""Blocks as plain text: aligned, untruncated, without colours, one line a row. Never imports rich."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from hotctl.view.page import Block, Cell, Facts, Line, Phrase, Table, Verbatim
from hotctl.view.safe import clean, clean_lines, exact_lines

GAP = "  "


def draw(blocks: Iterable[Block]) -> str:
    """The blocks as lines, each with its newline."""
    return "".join(f"{text}\n" for block in blocks for text in _ended(block))


def width_of(text: str) -> int:
    """Terminal columns that ``text`` takes: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _ended(block: Block) -> list[str]:
    """Without the blanks that only align."""
    if isinstance(block, Verbatim) and block.exact:
        return [" " * block.indent + text for text in exact_lines(block.text)]
    return [text.rstrip() for text in _lines(block)]


def _lines(block: Block) -> list[str]:
    match block:
        case Line(phrase, indent):
            return [" " * indent + _text(phrase)]
        case Verbatim(text, indent):
            return [" " * indent + line for line in clean_lines(text)]
        case Facts(rows, indent):
            longest = max((width_of(label) for label, _ in rows), default=0)
            return [" " * indent + _padded(label, longest) + GAP + _text(value) for label, value in rows]
        case Table():
            return _table(block)


def _table(table: Table) -> list[str]:
    cells = [[_cell(cell) for cell in row.cells] for row in table.rows]
    titles = [column.title for column in table.columns]
    widths = [max(map(width_of, column)) for column in zip(titles, *cells, strict=True)]

    def aligned(texts: list[str]) -> str:
        padded = (
            _padded(text, width, right=column.right)
            for text, width, column in zip(texts, widths, table.columns, strict=True)
        )
        return GAP.join(padded)

    lines = [aligned(titles)]
    for texts, row in zip(cells, table.rows, strict=True):
        lines.append(aligned(texts))
        lines += [" " * note.indent + _text(note.phrase) for note in row.notes]
    return lines


def _padded(text: str, width: int, *, right: bool = False) -> str:
    room = " " * (width - width_of(text))
    return room + text if right else text + room


def _cell(cell: Cell) -> str:
    """An empty cell says ``-``: a script that splits at blanks still counts the same columns."""
    return ", ".join(filter(None, map(_text, cell))) or "-"


def _text(phrase: Phrase) -> str:
    return "".join(clean(span.text) for span in phrase if not span.ornament)
