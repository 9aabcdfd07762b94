"""Files changed on disk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import PurePath

from hotd.contract.events import EventName
from hotd.core.book import Book, Queued
from hotd.core.effects import Decision, Emit
from hotd.core.messages import LoadKind
from hotd.core.rollouts import open_rollout
from hotd.core.values import DAEMON, WATCH, Instant


def files_changed(book: Book, paths: frozenset[str], touched: Collection[str], now: Instant) -> Decision:
    """A settled batch. It is only recorded here; ``follow_disk`` acts where acting is allowed."""
    if not touched or book.stopping is not None:
        return Decision(book)
    for name in touched:
        module = book.modules[name]
        book = book.having(replace(module, pending=module.pending | paths))
    held = [name for name in touched if book.held(book.modules[name])]
    told = Emit(
        EventName.WATCH_CHANGED,
        f"{_files(paths)} changed: {', '.join(touched)}" + (f" (held: {', '.join(held)})" if held else ""),
        cause=_cause(paths),
        fields={"files": sorted(paths)[:100], "modules": list(touched)},
    )
    # A look that has begun may have read the file before this change; one that waits has not.
    unlooked = [name for name in held if not _will_be_looked_at(book, name)]
    if unlooked:
        # Paused is not blind: whether the disk really differs is looked up, so that `status` can tell.
        decision = open_rollout(book, unlooked, LoadKind.PLAN, cause="look", actor=DAEMON, now=now, quiet=True)
        book = decision.book
    return Decision(book, (told,))


def follow_disk(book: Book, now: Instant) -> Book:
    """One rollout for all modules whose files changed, are not held, and have no rollout in flight."""
    if book.stopping is not None:
        return book
    behind = [m for m in book.modules.values() if m.pending and not book.held(m) and not _under_way(book, m.name)]
    if not behind:
        return book
    paths = frozenset().union(*(module.pending for module in behind))
    return open_rollout(book, [m.name for m in behind], LoadKind.STAGE, cause=_cause(paths), actor=WATCH, now=now).book


def _will_be_looked_at(book: Book, name: str) -> bool:
    return any(r.quiet and isinstance(r.members.get(name), Queued) for r in book.rollouts.values())


def _under_way(book: Book, name: str) -> bool:
    """A queued rollout reads the disk when it starts, one in load is superseded: either sees the newest content."""
    return any(r.kind is LoadKind.STAGE and r.holds(name) for r in book.rollouts.values())


def _files(paths: frozenset[str]) -> str:
    return PurePath(next(iter(paths))).name if len(paths) == 1 else f"{len(paths)} files"


def _cause(paths: frozenset[str]) -> str:
    return f"watch: {_files(paths)}"
