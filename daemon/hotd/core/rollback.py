"""A generation whose first instances all fail at once is taken back, once, to the last stable one."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core.book import Book, Module, Revision, recorded
from hotd.core.copies import replace
from hotd.core.effects import Effect, Emit
from hotd.core.instances import QUICK
from hotd.core.promotion import bring_back
from hotd.core.values import DAEMON, Instant
from hotd.core.whence import of_generations
from hotd.core.wording import not_served, plain_change

FAILURES = 3
"""Instances of a new generation that failed within a second of their start, and none that did not."""


def roll_back(book: Book, module: Module, now: Instant) -> tuple[Book, list[Effect]]:
    """Nothing where nothing is wrong, the module is pinned, or there is nothing to go back to.

    It happens at most once for each promotion, and is never itself on trial. Only to what is in memory: what would
    have to be loaded again first is somebody's decision.
    """
    number = module.trial
    if number is None or number != module.current or module.failed_at_once < FAILURES or module.pinned:
        return book, []
    if any(i.generation == number and now.mono - i.started.mono >= QUICK for i in module.instances.values()):
        return book.having(replace(module, trial=None, failed_at_once=0)), []
    earlier = [n for n in module.line if n != number and module.generations[n].in_memory]
    if not earlier:
        return book.having(replace(module, trial=None)), []
    last = next((f for f in reversed(module.failures) if f.generation == number), None)
    why = f"its first {module.failed_at_once} instances failed at once" + (f": {last.error.message}" if last else "")
    module, effects = bring_back(
        replace(module, trial=None), earlier[-1], now, actor=DAEMON.name, cause=f"rollback: {why}", why="rolled-back"
    )
    note = f"g{number} was rolled back: {why}"
    change = replace(
        plain_change(module, "rolled-back", previous=number, note=not_served(module) or note), previous=number
    )
    revision = Revision(
        book.next_revision, now, f"rollback: {why}", DAEMON.name,
        Change(book.next_revision, (change,), "rolled-back", note, origins=of_generations((module, earlier[-1]))), 0.0,
    )  # fmt: skip
    told = Emit(
        EventName.RELOAD_ROLLED_BACK, f"{module.name}: {note}; g{earlier[-1]} is current again", module.name,
        earlier[-1], None, DAEMON.name, revision.cause, {"previous": number},
    )  # fmt: skip
    book = recorded(replace(book.having(module), next_revision=book.next_revision + 1), revision)
    return book, [told, *effects]
