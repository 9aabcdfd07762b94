"""The life of a program: versions, and how the loader is told of each."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.oracle.editing import edited
from tests.oracle.making import make, with_a_delicate_circle
from tests.oracle.program import ENTRIES, Program


@dataclass(frozen=True, slots=True)
class Step:
    """One version, and what is done when it is there."""

    version: Program
    look: str = "full"
    """``full``, or ``changed``: whether the loader is told which files were written."""
    how: str = "reload"
    """``reload``, ``stage`` and promote, ``check`` before it, or ``discard`` a first candidate."""
    lines: tuple[bool, ...] = (True, True)
    """Which loaders reload now; what one missed it sees later."""
    undo: int | None = None
    """Before the edit, go back to this one (counted round) of the generations there are."""
    drop: int | None = None
    """After all, forget this one of those that are not current."""
    edit: str = ""
    """What was edited, for the reader."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A program's whole life."""

    seed: int
    entries: tuple[str, ...]
    """One loader each, over one pool."""
    steps: tuple[Step, ...]
    raw: bool = False
    """Whether an entry's own functions are called without naming their generation."""
    sabotage: str = ""


def invent(seed: int, edits: int) -> Scenario:
    """The scenario of this seed: always the same."""
    chance = random.Random(seed)
    entries = ENTRIES[: 1 + (chance.random() < 0.3)]
    delicate = len(entries) == 1 and chance.random() < 0.25
    program = make(chance, entries)
    if delicate:
        program = with_a_delicate_circle(chance, program)
    steps = [Step(program, edit="as it was made")]
    while len(steps) <= edits:
        history = [step.version for step in steps]
        program, what = edited(chance, history, gently=delicate)
        steps.append(
            Step(
                program,
                look=chance.choice(("full", "changed", "changed")),
                how=chance.choice(("reload", "reload", "reload", "stage", "check", "discard")),
                lines=(chance.random() < 0.9, chance.random() < 0.6),
                undo=chance.randrange(10) if chance.random() < 0.12 else None,
                drop=chance.randrange(10) if chance.random() < 0.12 else None,
                edit=what,
            )
        )
    steps[-1] = replace(steps[-1], lines=(True, True))
    return Scenario(seed, entries, tuple(steps), raw=chance.random() < 0.5)
