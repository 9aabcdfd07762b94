"""What was another at one look, and counts when the next one agrees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hotd.watching.looking import ABSENT, Mark, coarse

RESTLESS = 5
"""So many different looks one after the other, and a file is told as it is: some are written for ever."""
DOUBT = 2.0
"""Seconds after which a file is told once more whose time stamp is in whole seconds."""
TOGETHER = 4
"""Pauses for which what is sure waits for what is not: one deploy should be one batch."""


class Sure(NamedTuple):
    """What may be told."""

    path: str
    mark: int
    """For a folder ``ABSENT`` where it is gone, any other where it is back."""
    folder: bool
    again: bool
    """It was told before."""
    since: float


@dataclass(slots=True)
class _Suspect:
    mark: int
    due: float
    """When it is looked at again."""
    folder: bool
    looks: int = 1
    again: bool = False


class Suspects:
    """Looks at each once more after a pause, and gives them back together. Time is given, in monotonic seconds."""

    def __init__(self, mark: Mark, pause: float) -> None:
        self._mark = mark
        self._pause = pause
        self._unsure: dict[str, _Suspect] = {}
        self._sure: dict[str, Sure] = {}

    def suspect(self, path: str, mark: int, now: float, *, folder: bool = False) -> None:
        """It is another now. What was told already or is waited for is no news."""
        if path in self._unsure or ((sure := self._sure.get(path)) is not None and sure.mark == mark):
            return
        self._sure.pop(path, None)
        self._unsure[path] = _Suspect(mark, now + self._pause, folder)

    def due(self, now: float) -> bool:
        """Whether there is one to be looked at again."""
        return any(suspect.due <= now for suspect in self._unsure.values() if not suspect.again)

    def next_due(self) -> float:
        """When; in no foreseeable time where there is none."""
        dues = [suspect.due for suspect in self._unsure.values()]
        dues += [sure.since + TOGETHER * self._pause for sure in self._sure.values()]
        return min(dues, default=float("inf"))

    def clear(self) -> None:
        self._unsure.clear()
        self._sure.clear()

    def take(self, now: float) -> Iterator[Sure]:
        """Look again at those that are due; give back all that are sure as soon as no other is close to be."""
        for path, suspect in [(path, suspect) for path, suspect in self._unsure.items() if suspect.due <= now]:
            mark = self._look(path, suspect)
            if mark == suspect.mark or suspect.looks >= RESTLESS or (suspect.folder and mark is not None):
                del self._unsure[path]
                mark = suspect.mark if mark is None else mark
                self._sure[path] = Sure(path, mark, suspect.folder, suspect.again, now)
            else:
                suspect.due = now + self._pause
                suspect.looks += mark is not None
                suspect.mark = suspect.mark if mark is None else mark
        oldest = min((sure.since for sure in self._sure.values()), default=now)
        if now < oldest + TOGETHER * self._pause and any(not suspect.again for suspect in self._unsure.values()):
            return
        given, self._sure = list(self._sure.values()), {}
        for sure in given:
            if coarse(sure.mark) and not sure.again and not sure.folder:
                self._unsure[sure.path] = _Suspect(sure.mark, now + DOUBT, folder=False, again=True)
        yield from given

    def _look(self, path: str, suspect: _Suspect) -> int | None:
        if not suspect.folder:
            return self._mark(path)
        gone = os.path.islink(path) or not os.path.isdir(path)  # noqa: PTH112, PTH114 - never raise
        return ABSENT if gone else 1
