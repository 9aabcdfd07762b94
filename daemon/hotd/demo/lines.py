"""The demo in a pipe: plain lines, in the order things happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from hotctl.view.safe import clean
from hotd.contract.views import Event, LogLine
from hotd.demo.player import Scene, summary


class Lines:
    """Writes a line for each thing that happens."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, scene: Scene) -> None:
        self._say("hotd demo: the article's LongOp, its code swapped while it runs")

    def step(self, scene: Scene) -> None:
        self._say("")
        self._say(f"[{scene.number + 1}/{len(scene.steps)}] {scene.step.title}")
        self._say(f"$ {scene.step.command}")

    def update(self, scene: Scene, lines: Sequence[LogLine], events: Sequence[Event]) -> None:
        happened = sorted(
            [(event.at, f"  * {event.message}") for event in events if not event.event.startswith("watch.")]
            + [(line.at, f"  {line.instance} g{line.generation} | {line.text}") for line in lines]
        )
        for _, text in happened:
            self._say(clean(text))

    def end(self, scene: Scene) -> None:
        self._say("")
        for sentence in summary(scene):
            self._say(sentence)

    def _say(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()
