"""What can be done to a daemon: a step of the chaos, as it is drawn, printed and carried out."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from tests.chaos.texts import Text


@dataclass(frozen=True, slots=True)
class Deed:
    """One step. ``verb`` is one of hotctl's, or ``edit``, ``kill``, ``end``."""

    verb: str
    names: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    writes: tuple[tuple[str, Text], ...] = ()
    """Files and what they hold afterwards."""
    halves: bool = False
    """Of an edit: the first half of a text first."""
    breaks: bool = False
    """Of a deploy: its command fails after it has written."""
    during: Deed | None = None
    """Of a kill: what was asked for and may not have been answered."""
    after: float = field(default=0.0, compare=False)
    """Of such a kill: seconds after the question."""

    @property
    def argv(self) -> tuple[str, ...]:
        return (self.verb, *self.names, *self.options)

    def __str__(self) -> str:
        said = " ".join(map(shlex.quote, self.argv))
        said += "".join(f" {file}={text!r}" for file, text in self.writes)
        said += " (by halves)" * self.halves + " (its command fails)" * self.breaks
        return said + (f" {self.after:.2f} s into: {self.during}" if self.during else "")
