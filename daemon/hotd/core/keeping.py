"""Kept parts: what it means for a module that a load would have executed one again, and who may allow it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hotd.contract.errors import UsageError, WouldRebuild
from hotd.contract.nearest import nearest
from hotd.contract.protocol import error_view
from hotd.contract.views import ErrorView
from hotd.core import messages
from hotd.core.book import Book
from hotd.core.changes import Rollout
from hotd.core.concluding import settle
from hotd.core.copies import replace
from hotd.core.effects import Effect
from hotd.core.messages import LoadKind
from hotd.core.modules import Module, Withheld, saw
from hotd.core.names import covered, covering
from hotd.core.values import Instant
from hotd.core.wording import module_change


def withhold(
    book: Book, rollout: Rollout, module: Module, outcome: messages.WouldRebuild, now: Instant
) -> tuple[Book, list[Effect]]:
    """Refused, also as one of ``--all``: nobody has decided yet, so it must not look like success.

    The watcher says so once for one content. It tries again when a file changes, and never by itself.
    """
    error = would_rebuild(module, rollout, outcome)
    change = module_change(module, "refused", error=error)
    if rollout.kind is LoadKind.CHECK:
        return settle(book, rollout, module, change)
    module = saw(module, outcome.digest, now)
    if rollout.by_watch and module.withholding is not None:
        change = module_change(module, "skipped", error=error, note=error.message)
    else:
        module = replace(module, withheld=Withheld(outcome.digest, module.current, error, now))
    return settle(book.having(module), rollout, module, change)


def would_rebuild(module: Module, rollout: Rollout, outcome: messages.WouldRebuild) -> ErrorView:
    """The loader's sentence with this module's cure."""
    options = "".join(f" --rebuild {name}" for name in _to_allow(module, rollout, outcome.parts))
    allow = f"allow it: `hotctl reload {module.name}{' --force' if rollout.force else ''}{options}`"
    loaded = next((g.number for g in module.loaded if g.digest == outcome.digest), None)
    other = f"`hotctl undo {module.name} --to {loaded}` has it in memory" if loaded else "take the change back"
    return error_view(WouldRebuild(outcome.message, hint=f"{other}, or {allow}", file=outcome.file, line=outcome.line))


def _to_allow(module: Module, rollout: Rollout, parts: tuple[str, ...]) -> tuple[str, ...]:
    """What was allowed already, and what the operator wrote in ``keep`` for the rest."""
    allowed = [part for part in rollout.rebuild if _concerns(part, module.spec.keep)]
    return tuple(dict.fromkeys((*allowed, *covering(module.spec.keep, parts))))


def _concerns(part: str, keep: Collection[str]) -> bool:
    """Whether allowing the part, or package, means something where those are kept."""
    return covered(part, keep) or bool(covering([part], keep))


def check_rebuild(book: Book, names: Iterable[str], parts: tuple[str, ...]) -> None:
    """``--rebuild`` names what one of the modules keeps. Raises UsageError: a misspelt part would allow nothing."""
    kept = {name: book.module(name).spec.keep for name in names}
    every = [part for keep in kept.values() for part in keep]
    for part in parts:
        if _concerns(part, every):
            continue
        near = nearest(part, every)
        written = f"kept: {', '.join(every)}" if every else "`keep` in hotd.toml names parts to keep"
        raise UsageError(
            f"{part!r} is not kept by {' or '.join(kept)}, so there is nothing to allow",
            hint=f"did you mean {near!r}?" if near else written,
        )
