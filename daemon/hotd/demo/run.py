"""``hotd demo``."""

from __future__ import annotations

from typing import TextIO

from hotd.demo.lines import Lines
from hotd.demo.player import Show, play
from hotd.demo.stage import staged
from hotd.demo.story import STORY

SLOW, FAST = 1.0, 0.2
"""Seconds between two lines of an instance."""


def run(out: TextIO, *, fast: bool) -> int:
    """The whole story. Raises HotdError where a step fails; whatever happens, nothing is left behind."""
    with staged(FAST if fast else SLOW) as stage:
        if not out.isatty():
            show: Show = Lines(out)
            play(stage, STORY, show)
            return 0
        from hotd.demo.screen import Screen  # rich only where there is a terminal

        screen = Screen()
        try:
            play(stage, STORY, screen)
        finally:
            screen.close()
    return 0
