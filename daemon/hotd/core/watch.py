"""Files changed on disk."""

from __future__ import annotations

from collections.abc import Collection

from hotd.contract.events import EventName
from hotd.core.book import EVERYTHING, Book, Module, Queued, saw
from hotd.core.copies import replace
from hotd.core.durable import refusal
from hotd.core.effects import Decision, Emit, Prepare
from hotd.core.loads import at_cap
from hotd.core.messages import LoadKind
from hotd.core.rollouts import open_rollout
from hotd.core.values import DAEMON, WATCH, Instant
from hotd.core.wording import listed

MOST_NAMED = 3
"""Files that the event of a batch names; one more is named too."""

MOST_PREPARED = 4
"""Modules that are prepared at once: where many follow one file they wait for each other, and not for a thread."""


def files_changed(book: Book, paths: frozenset[str], touched: Collection[str], now: Instant) -> Decision:
    """A settled batch. It is only recorded here; ``follow_disk`` acts where acting is allowed."""
    if book.stopping is not None:
        return Decision(book)
    for name in touched:
        module = book.modules[name]
        book = book.having(replace(module, pending=module.pending | paths))
    held = [name for name in touched if book.held(book.modules[name])]
    what = ", ".join(touched) or "no module uses that"
    told = Emit(
        EventName.WATCH_CHANGED,
        f"{_names(paths)} changed: {what}" + (f" (held: {', '.join(held)})" if held else ""),
        cause=_cause(paths),
        fields={"files": sorted(paths)[:100], "modules": list(touched)},
    )
    # Before the first generation there is nothing to compare with.
    return Decision(look(book, [name for name in held if book.modules[name].current is not None], now), (told,))


def files_expected(book: Book, paths: frozenset[str], touched: Collection[str]) -> Decision:
    """A batch that settles soon, if nothing else happens. What a load will need is read meanwhile; nothing is known."""
    free = [name for name in touched if not book.held(book.modules[name]) and not book.changing(name)]
    ready = free[:MOST_PREPARED] if book.stopping is None else ()
    return Decision(book, tuple(Prepare(name, paths) for name in ready))


def look(book: Book, held: Collection[str], now: Instant) -> Book:
    """Paused is not blind: whether the disk really differs is looked up, so that ``status`` can tell."""
    # A look that has begun may have read the file before this change; one that waits has not.
    unlooked = [name for name in held if not _will_be_looked_at(book, name)]
    if not unlooked:
        return book
    return open_rollout(book, unlooked, LoadKind.PLAN, cause="look", actor=DAEMON, now=now, quiet=True).book


def follow_disk(book: Book, now: Instant) -> Book:
    """One rollout for all modules whose files changed, are not held, and have no rollout in flight.

    A queued one reads the disk when it starts, one in load is superseded: either sees the newest content.
    """
    if book.stopping is not None:
        return book
    free = [m for m in book.modules.values() if m.pending and not book.held(m) and not book.changing(m.name)]
    if free and refusal(book) is not None:
        # They follow when there is a store again; until then it shows that the disk is another.
        for module in free:
            book = book.having(saw(module, "", now)) if module.current is not None else book
        free = [module for module in free if module.current is None]
    behind = [module for module in free if not _waits_for_room(module)]
    if not behind:
        return book
    paths = frozenset().union(*(module.pending for module in behind))
    return open_rollout(book, [m.name for m in behind], LoadKind.STAGE, cause=_cause(paths), actor=WATCH, now=now).book


def _will_be_looked_at(book: Book, name: str) -> bool:
    return any(r.quiet and isinstance(r.members.get(name), Queued) for r in book.rollouts.values())


def _waits_for_room(module: Module) -> bool:
    """Whether it was refused at the cap already: told once, it is tried again when a generation has ended."""
    return module.disk is not None and not module.disk.digest and at_cap(module) is not None


def _files(paths: frozenset[str]) -> str:
    return _name(next(iter(paths))) if len(paths) == 1 else f"{len(paths)} files"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _names(paths: frozenset[str]) -> str:
    """Of the first few; all are in the event's fields."""
    names = [_name(path) for path in sorted(paths)]
    more = len(names) - MOST_NAMED
    if more > 1:
        return f"{', '.join(names[:MOST_NAMED])} and {more} more files"
    return listed(names)


def _cause(paths: frozenset[str]) -> str:
    return "watch: what is on disk" if EVERYTHING in paths else f"watch: {_files(paths)}"
