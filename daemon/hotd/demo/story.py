"""What happens in the demo. Each step says what a user would type, does it, and waits for what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from hotctl.client import Daemon
from hotd.contract import requests
from hotd.contract.views import ModuleView

NAME = "long_op"
LONGEST = 30.0
"""Seconds a step may take before the demo says that something is wrong."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is played: a folder with ``ops/long_op.py`` in it, and a daemon that hosts that."""

    folder: Path
    daemon: Daemon
    pace: float
    """Seconds between two lines of an instance; the article's is 1."""

    @property
    def source(self) -> Path:
        return self.folder / "ops" / "long_op.py"


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    command: str
    """What a user would type for it."""
    act: Callable[[Stage], None]
    until: Callable[[ModuleView], bool]
    """What the step waits for before the next one begins."""
    linger: float
    """Beats to go on watching after that."""


def article(name: str, pace: float) -> str:
    """A source of the article; at another pace than the article's its one-second pauses are shortened, nothing else."""
    text = (resources.files("hotd.demo") / "article" / name).read_text("utf-8")
    return text if pace == 1 else text.replace("time.sleep(1)", f"time.sleep({pace:g})")


def _scale(stage: Stage) -> None:
    stage.daemon.ask(requests.Scale(NAME, 2))


def _new_version(stage: Stage) -> None:
    stage.source.write_text(article("long_op.new.py", stage.pace), "utf-8")


def _broken(stage: Stage) -> None:
    stage.source.write_text(article("long_op.new.py", stage.pace).replace("def run(self):", "def run(self:"), "utf-8")


def _repaired(stage: Stage) -> None:
    text = article("long_op.new.py", stage.pace).replace("NEW CODE", "THIRD VERSION")
    stage.source.write_text(text, "utf-8")


def _undo(stage: Stage) -> None:
    stage.daemon.ask(requests.Undo(NAME))


def _serves(number: int) -> Callable[[ModuleView], bool]:
    """Whether gN is current and runs."""
    return lambda module: module.generation == number and module.serving.current > 0


STORY = (
    Step(
        "one instance of the article's LongOp runs, its file unchanged",
        "hotd serve -c hotd.toml",
        lambda stage: None,
        lambda module: module.serving.current == 1,
        5,
    ),
    Step("a second instance", "hotctl scale long_op 2", _scale, lambda module: module.serving.current == 2, 4),
    Step(
        "the file is overwritten: g1 drains, g2 is current, both print until the last old instance ends",
        "cp long_op.new.py ops/long_op.py",
        _new_version,
        lambda module: module.generation == 2 and module.serving.old == 0 and module.serving.current > 0,
        4,
    ),
    Step(
        "a broken edit is rejected, with file and line; g2 stays current",
        "sed -i 's/run(self)/run(self/' ops/long_op.py",
        _broken,
        lambda module: module.rejected is not None and module.generation == 2,
        5,
    ),
    Step(
        "its repair is g3",
        "sed -i 's/run(self/run(self)/; s/NEW CODE/THIRD VERSION/' ops/long_op.py",
        _repaired,
        _serves(3),
        5,
    ),
    Step("and back: an undo is a pointer swap", "hotctl undo long_op", _undo, _serves(2), 6),
)
