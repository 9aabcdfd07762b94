"""The demo on a terminal: what was typed, the table of ``hotctl status``, and the printed lines beside the events."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hotctl.view import paint
from hotctl.view.page import generation_style
from hotctl.view.safe import clean
from hotctl.view.status import status
from hotd.contract.views import Event, LogLine
from hotd.demo.player import Scene, summary

FEWEST, MOST = 4, 14
"""Lines of either column at the bottom, by the height of the terminal."""


class Screen:
    """Redraws in place; what stays on the terminal at the end is the last scene and the summary."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False)

    def begin(self, scene: Scene) -> None:
        self._live.start()

    def step(self, scene: Scene) -> None:
        self._draw(scene)

    def update(self, scene: Scene, lines: Sequence[LogLine], events: Sequence[Event]) -> None:
        self._draw(scene)

    def end(self, scene: Scene) -> None:
        self._draw(scene)
        self._live.stop()
        for sentence in summary(scene):
            self._console.print(Text(sentence, style="bold"))

    def close(self) -> None:
        """Give the terminal back, whatever happened."""
        self._live.stop()

    def _draw(self, scene: Scene) -> None:
        top = Group(*_story(scene), *_now(scene, self._console.width))
        used = len(self._console.render_lines(top))
        rows = max(FEWEST, min(MOST, self._console.height - used - 2))
        self._live.update(Group(top, _columns(scene, rows)), refresh=True)


def _story(scene: Scene) -> list[RenderableType]:
    done = [
        Text.assemble(
            (" ✓ ", "green"),
            (f"$ {step.command}", "cyan"),
            (f"   {step.title}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        for step in scene.steps[: scene.number]
    ]
    here = Text.assemble((" ▶ ", "bold yellow"), (scene.step.title, "bold"))
    typed = Text.assemble(("   $ ", "bold"), (scene.step.command, "bold cyan"))
    title = f"hotd demo   {scene.elapsed:.0f} s"
    return [Panel(Group(*done, here, typed), title=title, title_align="left", border_style="dim")]


def _now(scene: Scene, width: int) -> list[RenderableType]:
    if scene.status is None:
        return []
    console = paint.console_for({**os.environ, "COLUMNS": str(width)}, colour=True)
    drawn = paint.draw(console, status(scene.status, datetime.now().astimezone()))
    return [Text.from_ansi(drawn.rstrip("\n")), Text()]


def _columns(scene: Scene, rows: int) -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column("printed", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("events", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_row(Text("what the instances print", style="bold"), Text("what happens", style="bold"))
    printed = [_printed(line) for line in list(scene.lines)[-rows:]]
    happened = [_happened(event) for event in scene.events if not event.event.startswith("watch.")][-rows:]
    for n in range(rows):
        table.add_row(printed[n] if n < len(printed) else Text(), happened[n] if n < len(happened) else Text())
    return table


def _printed(line: LogLine) -> Text:
    style = paint.STYLES[generation_style(line.generation)]
    return Text.assemble((clean(f"{line.instance} g{line.generation} "), style), ("│ ", "dim"), clean(line.text))


def _happened(event: Event) -> Text:
    style = "red" if event.event in ("reload.rejected", "instance.failed") else ""
    style = "bold green" if event.event in ("reload.promoted", "module.undone") else style
    return Text(clean(event.message), style=style)
