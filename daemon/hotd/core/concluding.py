"""Members settle, rollouts close, the history gets its entry."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.events import EventName
from hotd.contract.views import Change, ModuleChange
from hotd.core.book import (
    Book,
    Candidate,
    Generation,
    InLoad,
    Member,
    Module,
    Queued,
    Ready,
    Revision,
    Rollout,
    Settled,
    recorded,
    saw,
    without,
)
from hotd.core.effects import Discard, Effect, Emit
from hotd.core.messages import LoadKind
from hotd.core.promotion import make_current
from hotd.core.values import Instant
from hotd.core.wording import gen, module_change, not_served

SUCCEEDED = frozenset({"promoted", "unchanged", "skipped", "checked", "planned", "undone", "done"})


def settle(book: Book, rollout: Rollout, module: Module, change: ModuleChange) -> tuple[Book, list[Effect]]:
    """The module's part of the rollout is over."""
    effects: list[Effect] = []
    name = {
        "unchanged": EventName.RELOAD_UNCHANGED,
        "refused": EventName.RELOAD_REFUSED,
        "skipped": EventName.RELOAD_REFUSED,
    }.get(change.outcome)
    if name is not None and rollout.kind is LoadKind.STAGE:
        message = change.error.message if change.error else change.note
        effects.append(
            Emit(
                name,
                f"{module.name} {change.outcome}: {message}",
                module.name,
                module.current,
                actor=rollout.actor.name,
                cause=rollout.cause,
            )
        )
    return with_member(book, rollout, module.name, Settled(change)), effects


def promote_member(
    book: Book, rollout: Rollout, module: Module, ready: Ready, now: Instant
) -> tuple[Book, list[Effect]]:
    previous = module.current
    generation = Generation(
        ready.number,
        ready.digest,
        Candidate(now),
        rollout.cause,
        rollout.actor.name,
        now,
        ready.duration_ms,
        "promoted",
    )
    module = replace(
        module,
        generations={**module.generations, ready.number: generation},
        quarantine=without(module.quarantine, ready.digest),
        reloads=module.reloads + (previous is not None),
    )
    module, effects = make_current(saw(module, ready.digest, now), ready.number, now, superseded="superseded")
    module = replace(module, line=(*(n for n in module.line if n != ready.number), ready.number))
    told = Emit(
        EventName.RELOAD_PROMOTED,
        f"{module.name} {gen(ready.number)} is current after {ready.duration_ms:.0f} ms"
        + (f", {module.count(previous)} still run g{previous}" if previous and module.count(previous) else ""),
        module.name,
        ready.number,
        actor=rollout.actor.name,
        cause=rollout.cause,
        fields={"previous": previous, "digest": ready.digest, "reloaded": list(ready.reloaded)},
    )
    change = module_change(
        module,
        "promoted",
        previous=previous,
        reloaded=ready.reloaded,
        duration_ms=ready.duration_ms,
        note=not_served(module),
    )
    book, more = settle(book.having(module), rollout, module, change)
    return book, [*effects, told, *more]


def conclude(book: Book, revision: int, now: Instant) -> tuple[Book, list[Effect]]:
    """Promote an atomic rollout whose members are all ready; close a rollout whose members are all settled."""
    rollout = book.rollouts[revision]
    effects: list[Effect] = []
    if any(isinstance(member, (Queued, InLoad)) for member in rollout.members.values()):
        return book, effects
    failed = failed_of(rollout)
    for name, member in rollout.members.items():
        if isinstance(member, Ready):
            module = book.modules[name]
            if failed:
                note = f"not promoted: {' and '.join(failed)} failed, and the rollout is atomic"
                effects.append(Discard(name, member.number))
                change = module_change(module, "skipped", reloaded=member.reloaded, note=note)
                module = saw(module, member.digest, now)
                book, more = settle(book.having(module), rollout, module, change)
            else:
                book, more = promote_member(book, rollout, module, member, now)
            effects += more
    return _close(book, book.rollouts[revision], now), effects


def failed_of(rollout: Rollout) -> list[str]:
    """The modules that keep an atomic rollout from being promoted."""
    members = rollout.members.items()
    return [name for name, m in members if isinstance(m, Settled) and m.change.outcome not in SUCCEEDED]


def _close(book: Book, rollout: Rollout, now: Instant) -> Book:
    changes = tuple(member.change for member in rollout.members.values() if isinstance(member, Settled))
    outcome = overall(tuple(change.outcome for change in changes), atomic=rollout.atomic)
    listed = rollout.kind is LoadKind.STAGE and not (rollout.by_watch and outcome in ("unchanged", "skipped"))
    revision = Revision(
        rollout.revision,
        rollout.started,
        rollout.cause,
        rollout.actor.name,
        Change(rollout.revision if listed else None, changes, outcome),
        (now.mono - rollout.started.mono) * 1000,
        listed,
    )
    book = replace(book, rollouts=without(book.rollouts, rollout.revision))
    return book if rollout.quiet else recorded(book, revision)


def overall(outcomes: tuple[str, ...], *, atomic: bool = False) -> str:
    """One word for what happened to several modules: success only if every one succeeded."""
    bad = [outcome for outcome in outcomes if outcome not in SUCCEEDED]
    if not bad:
        changed = [outcome for outcome in outcomes if outcome not in ("unchanged", "skipped")]
        return (changed or [o for o in outcomes if o == "unchanged"] or list(outcomes) or ["unchanged"])[0]
    if len(set(bad)) == 1 and (atomic or len(bad) == len(outcomes)):
        return bad[0]
    return "rejected" if atomic else "partial"


def with_member(book: Book, rollout: Rollout, name: str, member: Member) -> Book:
    rollout = book.rollouts[rollout.revision]
    changed = replace(rollout, members={**rollout.members, name: member})
    return replace(book, rollouts={**book.rollouts, rollout.revision: changed})
