"""``hotd demo``."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn, TextIO

from hotd.demo.lines import Lines
from hotd.demo.player import Show, play
from hotd.demo.stage import staged
from hotd.demo.story import STORY

SLOW, FAST = 1.0, 0.15
"""Seconds between two lines of an instance."""


def run(out: TextIO, *, fast: bool) -> int:
    """The whole story. Raises HotdError where a step fails; whatever happens, nothing is left behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal too: their default would skip the clean-up
        signal.signal(number, _leave)
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


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
