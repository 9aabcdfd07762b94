"""The daemon's start: what is permanent comes from the store, and then the disk is a change like any other."""

from __future__ import annotations

from dataclasses import replace

from hotd.core.book import DEATHS, EVERYTHING, Book, Module, quarantined, saw, without
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
    goals = {name: module.permanent for name, module in book.modules.items() if module.permanent is not None}
    decision = open_rollout(
        book, book.modules, LoadKind.STAGE, cause="start", actor=DAEMON, now=now, skips=True, goals=goals
    )
    book = decision.book
    for name in goals:
        book = book.having(saw(replace(book.modules[name], pending=frozenset({EVERYTHING})), "", now))
    book = look(book, [name for name in goals if book.held(book.modules[name])], now)
    return Decision(book, decision.effects, decision.answer)


def _mourned(module: Module, known: Remembered) -> Module:
    """The module, which remembers what was current when the daemon died, unless that is what starts anyway."""
    kept = known.modules.get(module.name)
    number = known.interrupted.get(module.name, kept.current if kept else None)
    generation = module.generations.get(number) if number is not None else None
    if not known.died or generation is None or number == module.permanent:
        return module
    digest = generation.digest
    deaths = {**without(module.deaths, digest), digest: module.deaths.get(digest, 0) + 1}
    module = replace(module, deaths=dict(list(deaths.items())[-MOST_MOURNED:]))
    return quarantined(module, digest, "died") if deaths[digest] >= DEATHS else module
