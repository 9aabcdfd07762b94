"""Blocks drawn with rich, for a terminal. The only file that imports rich, besides ``busy``.

Every datum becomes a ``Text`` of its own, cleaned: markup is never interpreted, so a module called ``[/red]`` is
just a module with an odd name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from hotctl.view.page import Block, Cell, Column, Facts, Line, Phrase, Table, Verbatim
from hotctl.view.safe import clean, clean_lines, exact_lines

GAP = 2
NARROWEST = 12
"""Columns below which a flexible column is not squeezed."""

STYLES = {
    "": "",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "old": "yellow",
    "dim": "dim",
    "strong": "bold",
    "command": "cyan",
    "generation0": "cyan",
    "generation1": "green",
    "generation2": "magenta",
    "generation3": "blue",
    "generation4": "bright_cyan",
    "generation5": "bright_magenta",
}


def console_for(env: Mapping[str, str], *, colour: bool) -> Console:
    """A console that only draws: writing is for the screen, which knows what a closed pipe means."""
    options = {} if colour else {"color_system": None}
    return Console(_environ=env, force_terminal=True, highlight=False, markup=False, emoji=False, **options)  # type: ignore[arg-type] # one literal of rich's


def draw(console: Console, blocks: Iterable[Block]) -> str:
    with console.capture() as capture:
        for block in blocks:
            _print(console, block)
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def _print(console: Console, block: Block) -> None:
    match block:
        case Line():
            _print_line(console, block)
        case Verbatim(_, indent, style):
            body = Text("\n".join(_spelt_lines(block)), style=STYLES[style], overflow="fold")
            console.print(Padding(body, (0, 0, 0, indent), expand=False))
        case Facts(rows, indent):
            grid = RichTable.grid(padding=(0, GAP, 0, 0))
            grid.add_column(style="dim", no_wrap=True)
            grid.add_column(overflow="fold")
            for label, value in rows:
                grid.add_row(Text(label), _text(value))
            console.print(Padding(grid, (0, 0, 0, indent), expand=False))
        case Table():
            _print_table(console, block)


def _spelt_lines(block: Verbatim) -> list[str]:
    return [line.expandtabs(4) for line in exact_lines(block.text)] if block.exact else clean_lines(block.text)


def _print_table(console: Console, table: Table) -> None:
    """Rows without notes share a table; a note ends it, and the next one goes on with the same widths."""
    table, widths, below = _fit(table, console.width)
    chunk = _new_table(table.columns, widths, header=True)
    for row in table.rows:
        chunk.add_row(*(_cell(cell, below=below) for cell in row.cells))
        if row.notes:
            console.print(chunk)
            for note in row.notes:
                _print_line(console, note)
            chunk = _new_table(table.columns, widths, header=False)
    if chunk.row_count or not table.rows:
        console.print(chunk)


def _new_table(columns: tuple[Column, ...], widths: list[int], *, header: bool) -> RichTable:
    table = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=header, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.title, justify="right" if column.right else "left", width=width, overflow="fold")
    return table


def _fit(table: Table, width: int) -> tuple[Table, list[int], bool]:
    """What to draw, the columns' widths, and whether pieces of cells stand below each other.

    Tried in this order: everything; without spare columns; with pieces below each other; with cells that fold.
    """
    lean = _without_spare(table)
    for candidate, below in ((table, False), (lean, False), (lean, True)):
        widths = _natural(candidate, below=below)
        if _total(widths) <= width:
            return candidate, widths, below
    excess = _total(widths) - width
    for flexible in (True, False):
        for n in sorted(range(len(widths)), key=lambda n: -widths[n]):
            if lean.columns[n].flexible is flexible:
                given = min(excess, max(0, widths[n] - NARROWEST))
                widths[n] -= given
                excess -= given
    return lean, widths, True


def _without_spare(table: Table) -> Table:
    kept = [n for n, column in enumerate(table.columns) if not column.spare]
    rows = tuple(replace(row, cells=tuple(row.cells[n] for n in kept)) for row in table.rows)
    return Table(tuple(table.columns[n] for n in kept), rows)


def _natural(table: Table, *, below: bool) -> list[int]:
    return [
        max((cell_len(column.title), *(_cell_width(row.cells[n], below=below) for row in table.rows)))
        for n, column in enumerate(table.columns)
    ]


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _cell_width(cell: Cell, *, below: bool) -> int:
    return max(map(cell_len, _cell(cell, below=below).plain.split("\n")))


def _cell(cell: Cell, *, below: bool) -> Text:
    return Text("\n" if below else "  ").join(_text(phrase) for phrase in cell) if cell else Text("-")


def _print_line(console: Console, line: Line) -> None:
    """A command to type that does not fit behind its sentence gets a line of its own: it is there to be copied."""
    if line.head:
        grid = RichTable.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(_text(line.phrase[: line.head]), _text(line.phrase[line.head :]))
        console.print(grid)
        return
    parts = [line.phrase]
    too_long = line.indent + cell_len(_text(line.phrase).plain) > console.width
    if too_long and line.phrase[-1].style == "command":
        parts = [line.phrase[:-1], line.phrase[-1:]]
    for phrase in parts:
        text = _text(phrase)
        text.rstrip()
        console.print(Padding(text, (0, 0, 0, line.indent), expand=False) if line.indent else text)


def _text(phrase: Phrase) -> Text:
    text = Text(overflow="fold")
    for span in phrase:
        text.append(clean(span.text), STYLES[span.style] or None)
    return text
