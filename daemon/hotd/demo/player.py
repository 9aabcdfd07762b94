"""Plays the story against the daemon and shows what its verbs answer; nothing here looks past the control port."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hotd.contract import requests
from hotd.contract.errors import DeadlinePassed
from hotd.contract.views import Event, LogLine, ModuleView, Status
from hotd.demo.story import LONGEST, NAME, Stage, Step

GLANCE = 0.1
"""Seconds between two looks at the daemon."""


@dataclass(slots=True)
class Scene:
    """All that is known at one moment of the demo."""

    steps: Sequence[Step]
    number: int = 0
    started: float = field(default_factory=time.monotonic)
    status: Status | None = None
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=200))
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=200))
    promoted: int = 0
    rejected: int = 0
    undone: int = 0
    ended: int = 0
    failed: int = 0
    printed: int = 0

    @property
    def step(self) -> Step:
        return self.steps[self.number]

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started


class Show(Protocol):
    """Where the demo is seen: a live screen, or lines in a pipe."""

    def begin(self, scene: Scene) -> None: ...
    def step(self, scene: Scene) -> None: ...
    def update(self, scene: Scene, lines: Sequence[LogLine], events: Sequence[Event]) -> None: ...
    def end(self, scene: Scene) -> None: ...


def play(stage: Stage, steps: Sequence[Step], show: Show) -> Scene:
    """Every step in turn. Raises DeadlinePassed when something does not happen, HotdError when a verb fails."""
    scene = Scene(steps)
    looks = _looks(stage, scene, show)
    show.begin(scene)
    for number, step in enumerate(steps):
        scene.number = number
        show.step(scene)
        step.act(stage)
        deadline = time.monotonic() + max(LONGEST * stage.pace, 10.0)
        while not step.until(next(looks)):
            if time.monotonic() > deadline:
                raise DeadlinePassed(f"step {number + 1} of the demo ({step.title}) did not come to its end")
        until = time.monotonic() + step.linger * stage.pace
        while time.monotonic() < until:
            next(looks)
    show.end(scene)
    return scene


def _looks(stage: Stage, scene: Scene, show: Show) -> Iterator[ModuleView]:
    """Look at the daemon again and again, as ``hotctl status``, ``logs -f`` and ``events -f`` do."""
    pause, seen_line, seen_event = threading.Event(), 0, 0
    while True:
        logs = stage.daemon.ask(requests.Logs(NAME, after=seen_line))
        events = stage.daemon.ask(requests.Events(after=seen_event))
        scene.status = stage.daemon.ask(requests.Status())
        seen_line, seen_event = logs.next, events.next
        scene.lines.extend(logs.lines)
        scene.events.extend(events.events)
        scene.printed += len(logs.lines)
        _count(scene, events.events)
        show.update(scene, logs.lines, events.events)
        (module,) = scene.status.modules
        yield module
        pause.wait(GLANCE)


def _count(scene: Scene, events: Sequence[Event]) -> None:
    names = [event.event for event in events]
    scene.promoted += names.count("reload.promoted")
    scene.rejected += names.count("reload.rejected")
    scene.undone += names.count("module.undone")
    scene.ended += names.count("instance.ended")
    scene.failed += names.count("instance.failed")


def summary(scene: Scene) -> list[str]:
    """What was seen, in sentences."""
    return [
        f"{scene.promoted} generations became current, {scene.rejected} edit was rejected, {scene.undone} was undone,",
        f"in {scene.elapsed:.0f} seconds, without stopping anything: {scene.printed} lines were printed by instances "
        f"that each ran one generation from birth to end; {scene.failed} failed.",
    ]
