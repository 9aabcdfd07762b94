"""Which names living parts have, how many parts each, and which names nobody has any more."""

from __future__ import annotations

import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterable

from hotd.loading import forks
from hotd.loading.imports.part import Part

_lock = threading.RLock()
"""Re-entrant: a claim may start the garbage collector, and that another part's end."""
forks.renew(sys.modules[__name__], "_lock", threading.RLock)
_living: dict[str, int] = {}
_latest: dict[str, weakref.ref[Part]] = {}
_held: set[weakref.ref[Part]] = set()
"""Claims of living parts: a weak reference that nobody holds does not call back."""
_ended: deque[Claim] = deque()
"""Those of collected parts. A weak reference calls back anywhere, also in the middle of a claim: it only appends."""
_empty: deque[str] = deque()
_opening = 0
"""Counts `forget_all`: claims made before it are void."""


class Claim(weakref.ref[Part]):
    """Tells when a part is collected, as `weakref.finalize` would at three times the price."""

    __slots__ = ("name", "opening")

    name: str
    opening: int


def claim(parts: Iterable[Part]) -> list[str]:
    """The parts have their names until they are collected, or released. Which of the names several parts have now."""
    several: list[str] = []
    with _lock:
        for part in parts:
            name = part.name
            mine = Claim(part, _over)
            mine.name, mine.opening = name, _opening
            _latest[name] = part.claim = mine
            _held.add(mine)
            count = _living[name] = _living.get(name, 0) + 1
            if count > 1:
                several.append(name)
    return several


def release(part: Part) -> None:
    """The part does not have its name any more, though it may live on for a while."""
    if isinstance(part.claim, Claim):
        _over(part.claim)


def _over(claim: Claim) -> None:
    if claim in _held:  # else it was released before
        _held.discard(claim)
        _ended.append(claim)


def living(name: str) -> int:
    """How many parts of that name live."""
    if _ended:
        _settle()
    return _living.get(name, 0)


def everyone() -> list[Part]:
    """All living parts that have a name."""
    with _lock:
        return [part for claim in _held if (part := claim()) is not None]


def latest(name: str) -> Part | None:
    """The part that claimed the name last, if it lives."""
    reference = _latest.get(name)
    return reference() if reference is not None else None


def emptied() -> list[str]:
    """The names that nobody has any more since this was asked last."""
    with _lock:
        _settle()
        found = [name for name in dict.fromkeys(_empty) if not _living.get(name)]
        _empty.clear()
        for name in found:
            _latest.pop(name, None)
        return found


def _settle() -> None:
    with _lock:
        while _ended:
            over = _ended.popleft()
            if over.opening == _opening and over.name in _living:
                _living[over.name] -= 1
                if not _living[over.name]:
                    del _living[over.name]
                    _empty.append(over.name)


def forget_all() -> None:
    """Nobody has any name: the last loader is closed."""
    global _opening  # noqa: PLW0603 - the registry is the process's, as sys.modules is
    with _lock:
        _opening += 1
        for collection in (_living, _latest, _ended, _empty):
            collection.clear()
