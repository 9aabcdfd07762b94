"""What load jobs bring: a candidate, nothing new, a refusal, or nothing before their deadline."""

from __future__ import annotations

from typing import assert_never

from hotd.contract.errors import Quarantined
from hotd.contract.events import EventName
from hotd.contract.protocol import error_view
from hotd.contract.views import ErrorView, ModuleChange, PlannedPart, SharedParts
from hotd.core.book import (
    UNREAD,
    Book,
    FailureRecord,
    InLoad,
    Module,
    Queued,
    Ready,
    Rejection,
    Rollout,
    bounded,
    carrying,
    quarantined,
    saw,
    without,
)
from hotd.core.concluding import candidate_of, conclude, failed_of, settle, with_member
from hotd.core.copies import replace
from hotd.core.effects import AbandonLoad, Decision, Discard, Effect, Emit
from hotd.core.keeping import withhold, would_rebuild
from hotd.core.loads import load
from hotd.core.messages import (
    Avoided,
    Checked,
    LoadKind,
    LoadOutcome,
    Planned,
    Rejected,
    Staged,
    Unchanged,
    WouldRebuild,
)
from hotd.core.values import Instant
from hotd.core.whence import having
from hotd.core.wording import died_of, gen, located, module_change, refused_change, unmatched_note

MOST_FAILURES = 100
MOST_REJECTIONS = 50
MOST_SUPERSEDED = 3
"""How often newer content may restart one load; then it is promoted and the newest follows in its own rollout."""


def loaded(book: Book, outcome: LoadOutcome, now: Instant) -> Decision:
    """A load job came to its end."""
    found = _member_in_load(book, outcome.job.id)
    if found is None:
        module = book.modules.get(outcome.job.module)
        if module is not None:
            book = book.having(replace(module, hung=without(module.hung, outcome.job.id)))
        return Decision(book, _late(book, outcome))
    known, member = found
    rollout = having(known, outcome.origins)
    if rollout is not known:
        book = replace(book, rollouts={**book.rollouts, rollout.revision: rollout})
    module = book.modules[outcome.job.module]
    if _superseded(book, rollout, module, member.again):
        book, job = load(book, rollout, saw(module, "", now), now, again=member.again + 1)
        return Decision(book, (*_dropped(outcome), job))
    book, effects = _take(book, rollout, module, member, outcome, now)
    book, again = _renew(book, book.rollouts[rollout.revision], now)
    book, more = conclude(book, rollout.revision, now)
    return Decision(book, (*effects, *again, *more))


def _late(book: Book, outcome: LoadOutcome) -> tuple[Effect, ...]:
    """Abandoned at its deadline, or the daemon let go of it: what it still brought is thrown away.

    Unless the same content was loaded since: it has the same number, and waits for the others of its rollout.
    """
    members = [rollout.members.get(outcome.job.module) for rollout in book.rollouts.values()]
    awaited = {ready.number for member in members if member and (ready := candidate_of(member))}
    return () if isinstance(outcome, Staged) and outcome.number in awaited else _dropped(outcome)


def _dropped(outcome: LoadOutcome) -> tuple[Effect, ...]:
    return (Discard(outcome.job.module, outcome.number),) if isinstance(outcome, Staged) else ()


def _superseded(book: Book, rollout: Rollout, module: Module, again: int) -> bool:
    """Whether newer content has arrived since the load read the disk, and may be loaded instead."""
    reads = rollout.kind is LoadKind.STAGE and module.name not in rollout.goals
    return reads and bool(module.pending) and not book.held(module) and again < MOST_SUPERSEDED


def _renew(book: Book, rollout: Rollout, now: Instant) -> tuple[Book, list[Effect]]:
    """Load members again that became old while they waited for the others.

    Promoted together with others that are newer, they would be a set that was never on disk.
    """
    effects: list[Effect] = []
    waits = any(isinstance(member, (Queued, InLoad)) for member in rollout.members.values())
    if not rollout.atomic or waits or failed_of(rollout):
        return book, effects
    for name, member in rollout.members.items():
        module = book.modules[name]
        if isinstance(member, Ready) and _superseded(book, rollout, module, member.again):
            book, job = load(book, book.rollouts[rollout.revision], saw(module, "", now), now, again=member.again + 1)
            effects += [Discard(name, member.number), job]
    return book, effects


def _take(
    book: Book, rollout: Rollout, module: Module, member: InLoad, outcome: LoadOutcome, now: Instant
) -> tuple[Book, list[Effect]]:
    match outcome:
        case Staged():
            took = outcome.duration * 1000
            ready = Ready(outcome.number, outcome.digest, outcome.reloaded, took, member.again, outcome.bundle)
            if outcome.bundle is not None:
                book = book.having(carrying(module, outcome.digest, outcome.bundle.carried))
            return with_member(book, rollout, module.name, ready), []
        case Unchanged():
            module = saw(module, outcome.digest, now)
            note = f"{gen(module.current)} is what is on disk" + _meanwhile(rollout, module)
            return settle(book.having(module), rollout, module, module_change(module, "unchanged", note=note))
        case Checked():
            took, note = outcome.duration * 1000, unmatched_note(module.name, outcome.unmatched, outcome.reloaded)
            change = module_change(
                module, "checked", reloaded=outcome.reloaded, duration_ms=took, note=note, left=outcome.left
            )
            return settle(book, rollout, module, change)
        case Planned():
            module = _looked(book, rollout, module, outcome, now)
            return settle(book.having(module), rollout, module, _planned_change(rollout, module, outcome))
        case WouldRebuild():
            return withhold(book, rollout, module, outcome, now)
        case Avoided():
            module = saw(module, outcome.digest, now)
            return settle(book.having(module), rollout, module, _avoided_change(rollout, module, outcome.digest))
        case Rejected():
            error = ErrorView(
                outcome.code, outcome.message, outcome.hint, outcome.file, outcome.line, outcome.traceback, outcome.left
            )
            digest = outcome.digest or f"{UNREAD}{outcome.job.id}"
            module = carrying(module, digest, outcome.carried) if rollout.kind is LoadKind.STAGE else module
            return _reject(book, rollout, module, error, digest, outcome.duration * 1000, now)
        case _:
            assert_never(outcome)


def _planned_change(rollout: Rollout, module: Module, outcome: Planned) -> ModuleChange:
    refusal = outcome.refusal
    kept_parts = refusal.parts if refusal is not None else ()
    every = (*outcome.kept, *(part for part, _ in outcome.executed))
    return module_change(
        module,
        "planned" if refusal is None else "refused",
        error=would_rebuild(module, rollout, refusal) if refusal is not None else None,
        plan=tuple(PlannedPart(part, why, part in kept_parts) for part, why in outcome.executed),
        kept=outcome.kept,
        note=unmatched_note(module.name, outcome.unmatched, every),
        shared=tuple(SharedParts(name, parts) for name, parts in outcome.shared),
    )


def _looked(book: Book, rollout: Rollout, module: Module, plan: Planned, now: Instant) -> Module:
    if module.current is None:
        return module  # Nothing to compare with.
    if plan.differs:
        return _glimpsed(module, plan.digest, now)
    # What was read is older than what a later rollout will read: only the last look may forget the paths.
    waiting = any(r.holds(module.name) for r in book.rollouts.values() if r is not rollout)
    known = saw(module, module.generations[module.current].digest, now)
    return known if waiting else replace(known, pending=frozenset())


def _glimpsed(module: Module, digest: str, now: Instant) -> Module:
    """A look found something else than current. No news where just that was refused before it had a digest."""
    refused = module.disk is not None and module.disk.digest.startswith(UNREAD) and not module.pending
    return module if refused or module.current is None else saw(module, digest, now)


def _meanwhile(rollout: Rollout, module: Module) -> str:
    since = module.generations[module.current].phase.since if module.current is not None else rollout.started
    return "; it was promoted while this waited" if since > rollout.started else ""


def _avoided_change(rollout: Rollout, module: Module, digest: str) -> ModuleChange:
    why = module.quarantine.get(digest, "undone")
    reload = f"hotctl reload {module.name}" + (" --force" if why != "rejected" else "")
    what = f"what is on disk for {module.name}"
    said = died_of(why, what) if why in ("died", "fatal") else f"{what} was {why}"
    error = Quarantined(said, hint=f"edit it, or `{reload}`")
    if rollout.skips or rollout.by_watch:
        return module_change(module, "skipped", error=error_view(error), note=error.message)
    return refused_change(module, error)


def _reject(
    book: Book, rollout: Rollout, module: Module, error: ErrorView, digest: str, duration_ms: float, now: Instant
) -> tuple[Book, list[Effect]]:
    change = module_change(module, "rejected", error=error, duration_ms=duration_ms)
    if module.name in rollout.goals:
        return _not_brought_back(book, rollout, module, change, now)
    if rollout.kind is LoadKind.CHECK:
        return settle(book, rollout, module, change)
    if rollout.kind is LoadKind.PLAN:
        module = _glimpsed(module, digest, now)
        return settle(book.having(module), rollout, module, change)
    rejection = Rejection(digest, error, now, rollout.cause, rollout.actor.name, duration_ms)
    module = replace(
        quarantined(saw(module, digest, now), digest, module.quarantine.get(digest, "rejected")),
        rejections=bounded(_others(module, digest), rejection, MOST_REJECTIONS),
        failures=bounded(module.failures, _failure(rollout, change, now), MOST_FAILURES),
        errors=module.errors + 1,
    )
    told = Emit(
        EventName.RELOAD_REJECTED,
        f"{module.name} rejected, {_stays(module)}: {located(error)}",
        module.name,
        module.current,
        actor=rollout.actor.name,
        cause=rollout.cause,
        fields={
            "digest": digest,
            "code": error.code,
            "file": error.file,
            "line": error.line,
            "left": [*error.left],
            "duration_ms": change.duration_ms,
        },
    )
    book, effects = settle(book.having(module), rollout, module, change)
    return book, [told, *effects]


def _not_brought_back(
    book: Book, rollout: Rollout, module: Module, change: ModuleChange, now: Instant
) -> tuple[Book, list[Effect]]:
    """Of what is on disk it says nothing, and nothing is quarantined for it."""
    assert change.error is not None, "a rejection has its reason"
    number = rollout.goals[module.name]
    record = _failure(rollout, change, now, number)
    module = replace(module, failures=bounded(module.failures, record, MOST_FAILURES), errors=module.errors + 1)
    told = Emit(
        EventName.RELOAD_REJECTED,
        f"{module.name} g{number} could not be brought back, {_stays(module)}: {located(change.error)}",
        module.name,
        number,
        actor=rollout.actor.name,
        cause=rollout.cause,
        fields={"code": change.error.code, "duration_ms": change.duration_ms},
    )
    book, effects = settle(book.having(module), rollout, module, change)
    return book, [told, *effects]


def _failure(rollout: Rollout, change: ModuleChange, now: Instant, number: int | None = None) -> FailureRecord:
    assert change.error is not None, "a rejection has its reason"
    return FailureRecord(now, number, None, change.error, rollout.cause, rollout.actor.name, change.duration_ms)


def _others(module: Module, digest: str) -> tuple[Rejection, ...]:
    """Who tries the same content again and again reads about it once."""
    return tuple(one for one in module.rejections if one.digest != digest)


def _stays(module: Module) -> str:
    return "nothing runs" if module.current is None else f"g{module.current} stays current"


def overdue(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """Give up on loads past ``load_deadline``: the thread is abandoned, the candidate rejected."""
    effects: list[Effect] = []
    for revision, rollout in book.rollouts.items():
        loads = [(name, member) for name, member in rollout.members.items() if isinstance(member, InLoad)]
        late = [(name, member.job) for name, member in loads if member.deadline <= now.mono]
        for name, job in late:
            module = book.modules[name]
            limit = module.spec.load_deadline
            error = ErrorView(
                "load-timeout",
                f"importing {module.spec.entry} took longer than load_deadline ({limit:g} s); its thread was abandoned",
                "see the daemon's log for the stack it stands in, or raise load_deadline",
            )
            effects.append(AbandonLoad(job))
            module = replace(module, hung={**module.hung, job: now})
            book = book.having(module)
            book, more = _reject(book, rollout, module, error, f"{UNREAD}{job}", limit * 1000, now)
            effects += more
        if late:
            book, more = conclude(book, revision, now)
            effects += more
    return book, effects


def _member_in_load(book: Book, job: int) -> tuple[Rollout, InLoad] | None:
    for rollout in book.rollouts.values():
        for member in rollout.members.values():
            if isinstance(member, InLoad) and member.job == job:
                return rollout, member
    return None
