"""The daemon's start: what is permanent comes from the store, and then the disk is a change like any other."""

from __future__ import annotations

from hotd.core.book import DEATHS, EVERYTHING, Book, Module, quarantined, saw, without
from hotd.core.copies import replace
from hotd.core.effects import Decision
from hotd.core.messages import LoadKind
from hotd.core.records import Remembered
from hotd.core.rollouts import open_rollout
from hotd.core.values import DAEMON, Instant
from hotd.core.watch import look

MOST_MOURNED = 20
"""Contents for each module whose deaths are counted; the oldest is forgotten."""


def start(book: Book, known: Remembered, now: Instant) -> Decision:
    """Load each module's permanent generation, and the disk where there is none yet. Answers with the revision.

    Then whatever the disk holds by now is watched, checked, promoted, or held back by pause, pin and quarantine. What
    the daemon died of before it was permanent is tried again so, but not for ever.
    """
    for module in book.modules.values():
        book = book.having(_mourned(module, known))
    goals = {name: number for name, module in book.modules.items() if (number := _goal(module)) is not None}
    decision = open_rollout(
        book, book.modules, LoadKind.STAGE, cause="start", actor=DAEMON, now=now, skips=True, goals=goals
    )
    book = decision.book
    for name in goals:
        book = book.having(saw(replace(book.modules[name], pending=frozenset({EVERYTHING})), "", now))
    book = look(book, [name for name in goals if book.held(book.modules[name])], now)
    return Decision(book, decision.effects, decision.answer)


def _goal(module: Module) -> int | None:
    """What the module starts with, unless just that kills the daemon, over another Python perhaps."""
    number = module.permanent
    fatal = number is not None and module.quarantine.get(module.generations[number].digest) == "fatal"
    return None if fatal else number


def _mourned(module: Module, known: Remembered) -> Module:
    """The module, which remembers what the daemon may have died of.

    What was being imported at that moment is the culprit, in whichever module; else whatever was current and had not
    served for long.
    """
    if not known.died:
        return module
    if known.trying:
        culprit, why = known.trying.get(module.name), "fatal"
    else:
        culprit, why = _unproven(module, known), "died"
    if culprit is None:
        return module
    deaths = {**without(module.deaths, culprit), culprit: module.deaths.get(culprit, 0) + 1}
    module = replace(module, deaths=dict(list(deaths.items())[-MOST_MOURNED:]))
    return quarantined(module, culprit, why) if deaths[culprit] >= DEATHS else module


def _unproven(module: Module, known: Remembered) -> str | None:
    """The digest of what was current, or about to be, and is not what starts anyway."""
    kept = known.modules.get(module.name)
    number = known.interrupted.get(module.name, kept.current if kept else None)
    generation = module.generations.get(number) if number is not None else None
    return None if generation is None or number == module.permanent else generation.digest
