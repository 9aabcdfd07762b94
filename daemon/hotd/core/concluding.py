"""Members settle, rollouts close, the history gets its entry."""

from __future__ import annotations

from typing import Any

from hotd.contract.errors import StoreDegraded
from hotd.contract.events import EventName
from hotd.contract.views import Change, ModuleChange
from hotd.core.book import (
    EVERYTHING,
    Book,
    InLoad,
    Intended,
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
from hotd.core.copies import replace
from hotd.core.counted import counted
from hotd.core.durable import refusal
from hotd.core.effects import Decision, Discard, Effect, Emit
from hotd.core.messages import LoadKind
from hotd.core.moving import moved_since, told
from hotd.core.promotion import bring_back, numbered, step_forward
from hotd.core.taking_effect import call_off, summary, take_effect
from hotd.core.values import Instant
from hotd.core.whence import of_rollout
from hotd.core.wording import module_change, not_served, refused_change

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
    """The swap, once nothing stands in its way any more."""
    previous = module.current
    module = numbered(rollout, module, ready, now)
    if rollout.undoes:
        actor, cause = rollout.actor.name, rollout.cause
        module, effects = bring_back(module, ready.number, now, actor=actor, cause=cause, loaded=ready)
        outcome = "undone"
    else:
        module, effects = step_forward(rollout, module, ready, now)
        outcome = "promoted"
    if moved := moved_since(book, module, ready.number):
        effects.append(told(module, ready.number, moved, actor=rollout.actor.name, cause=rollout.cause))
    change = module_change(
        module,
        outcome,
        previous=previous,
        reloaded=ready.reloaded,
        duration_ms=ready.duration_ms,
        note="; ".join(filter(None, (not_served(module), moved))),
    )
    book, more = settle(book.having(module), rollout, module, change)
    return book, [*effects, *more]


def conclude_all(book: Book, now: Instant) -> Decision:
    """What was waited for may have been written."""
    effects: list[Effect] = []
    for revision in list(book.rollouts):
        book, more = conclude(book, revision, now)
        effects += more
    return Decision(book, tuple(effects))


def conclude(book: Book, revision: int, now: Instant) -> tuple[Book, list[Effect]]:
    """Bring every candidate as far as it may go, and close a rollout whose members are all settled.

    A candidate may go alone, or with all the others of an atomic rollout. What is new is first written down, and
    promoted when that outlives the daemon: whatever ends it in between, the next one knows number, content and
    sources.
    """
    rollout = book.rollouts[revision]
    effects: list[Effect] = []
    if not _candidates(rollout) and not _is_settled(rollout):
        # Whoever is left is queued or in load.
        return book, effects
    if (rollout.atomic and _loads(rollout)) or (rollout.by_hand and _candidates(rollout)):
        return book, effects
    for name, ready in _candidates(rollout):
        if error := _unkeepable(book, rollout, book.modules[name]):
            # Not forgotten: it is looked at again as soon as there is a store.
            module = saw(book.modules[name], ready.digest, now)
            module = replace(module, pending=module.pending | {EVERYTHING})
            book, more = settle(book.having(module), rollout, module, refused_change(module, error))
            effects += [Discard(name, ready.number), *more]
    rollout = book.rollouts[revision]
    if rollout.atomic and (failed := failed_of(rollout)):
        book, more = _skip_candidates(book, rollout, failed, now)
        effects += more
    book = _intend(book, book.rollouts[revision])
    rollout = book.rollouts[revision]
    waiting = [name for name, member in rollout.members.items() if _waits(book, member)]
    if not rollout.atomic or not waiting:
        for name, ready in _candidates(rollout):
            if name not in waiting:
                book, more = promote_member(book, rollout, book.modules[name], ready, now)
                effects += more
    rollout = book.rollouts[revision]
    if _is_settled(rollout):
        book = _close(book, rollout, now)
        if rollout.config is not None:
            over = call_off if failed_of(rollout) else take_effect
            book, more = over(book, rollout, rollout.config, now)
            effects += more
    return book, effects


def _loads(rollout: Rollout) -> bool:
    return any(isinstance(member, (Queued, InLoad)) for member in rollout.members.values())


@counted
def _is_settled(rollout: Rollout) -> bool:
    return all(isinstance(member, Settled) for member in rollout.members.values())


@counted
def _candidates(rollout: Rollout) -> tuple[tuple[str, Ready], ...]:
    """Who has one, and is not settled."""
    found = ((name, candidate_of(member)) for name, member in rollout.members.items())
    return tuple((name, ready) for name, ready in found if ready is not None)


def waiting(book: Book, module: str) -> Ready | None:
    """The module's candidate, if it has one."""
    members = [rollout.members[module] for rollout in book.rollouts.values() if module in rollout.members]
    return next((ready for member in members if (ready := candidate_of(member)) is not None), None)


def candidate_of(member: Member) -> Ready | None:
    """What waits to be promoted, if anything does."""
    match member:
        case Ready():
            return member
        case Intended(ready):
            return ready
        case _:
            return None


def _waits(book: Book, member: Member) -> bool:
    return isinstance(member, Intended) and not book.store.holds(member.ticket)


def _intend(book: Book, rollout: Rollout) -> Book:
    """Have written down what is about to be done. What is brought back is written down already; and a disk that
    takes nothing does not keep a module from its first generation, for which nobody has to step down."""
    ticket = book.store.issued + 1
    for name, member in rollout.members.items():
        if isinstance(member, Ready) and name not in rollout.goals and refusal(book) is None:
            book = with_member(book, rollout, name, Intended(member, ticket))
    return book


def _unkeepable(book: Book, rollout: Rollout, module: Module) -> StoreDegraded | None:
    return None if module.current is None or module.name in rollout.goals else refusal(book)


def _skip_candidates(book: Book, rollout: Rollout, failed: list[str], now: Instant) -> tuple[Book, list[Effect]]:
    effects: list[Effect] = []
    note = f"not promoted: {' and '.join(failed)} failed, and the rollout is atomic"
    for name, ready in _candidates(rollout):
        module = book.modules[name]
        change = module_change(module, "skipped", reloaded=ready.reloaded, note=note)
        book, more = settle(book.having(saw(module, ready.digest, now)), rollout, module, change)
        effects += [Discard(name, ready.number), *more]
    return book, effects


def failed_of(rollout: Rollout) -> list[str]:
    """The modules that keep an atomic rollout from being promoted."""
    members = rollout.members.items()
    return [name for name, m in members if isinstance(m, Settled) and m.change.outcome not in SUCCEEDED]


def _close(book: Book, rollout: Rollout, now: Instant) -> Book:
    changes = tuple(member.change for member in rollout.members.values() if isinstance(member, Settled))
    outcome = overall(tuple(change.outcome for change in changes), atomic=rollout.atomic)
    if outcome in ("unchanged", "skipped") and rollout.config is not None and rollout.config.does:
        outcome = "done"
    listed = rollout.kind is LoadKind.STAGE and not (rollout.by_watch and outcome in ("unchanged", "skipped"))
    origins = of_rollout(rollout, [book.modules[name] for name in rollout.members])
    revision = Revision(
        rollout.revision,
        rollout.started,
        rollout.cause,
        rollout.actor.name,
        Change(rollout.revision if listed else None, changes, outcome, origins=origins, **_of_config(rollout, outcome)),
        (now.mono - rollout.started.mono) * 1000,
        listed,
    )
    book = replace(book, rollouts=without(book.rollouts, rollout.revision))
    return book if rollout.quiet else recorded(book, revision)


def _of_config(rollout: Rollout, outcome: str) -> dict[str, Any]:
    plan = rollout.config
    if plan is None or not plan.told:
        return {}
    if outcome in SUCCEEDED:
        # What was loaded is told of each module; that something is otherwise now is true of it all the same.
        return {"settings": plan.told, "note": summary(plan)}
    return {"settings": plan.told, "note": "nothing of hotd.toml was applied"}


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
