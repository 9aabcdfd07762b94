"""What load jobs bring: a candidate, nothing new, a refusal, or nothing before their deadline."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.errors import Quarantined
from hotd.contract.events import EventName
from hotd.contract.protocol import error_view
from hotd.contract.views import ErrorView, ModuleChange, PlannedPart
from hotd.core.book import Book, FailureRecord, InLoad, Module, Ready, Rejection, Rollout, bounded
from hotd.core.concluding import conclude, promote_member, settle, with_member
from hotd.core.effects import AbandonLoad, Decision, Discard, Effect, Emit
from hotd.core.loads import load
from hotd.core.messages import Avoided, Checked, LoadKind, LoadOutcome, Planned, Rejected, Staged, Unchanged
from hotd.core.values import Instant
from hotd.core.wording import gen, located, module_change, refused_change

MOST_FAILURES = 100
MOST_REJECTIONS = 50
MOST_SUPERSEDED = 3
"""How often newer content may restart one load; then it is promoted and the newest follows in its own rollout."""


def loaded(book: Book, outcome: LoadOutcome, now: Instant) -> Decision:
    """A load job came to its end."""
    found = _member_in_load(book, outcome.job.id)
    if found is None:
        # Abandoned at its deadline, or the daemon let go of it: what it still brought is thrown away.
        drop = (Discard(outcome.job.module, outcome.number),) if isinstance(outcome, Staged) else ()
        return Decision(book, drop)
    rollout, member = found
    module = book.modules[outcome.job.module]
    superseded = rollout.kind is LoadKind.STAGE and module.pending and member.again < MOST_SUPERSEDED
    if superseded and not book.held(module):
        drop = (Discard(module.name, outcome.number),) if isinstance(outcome, Staged) else ()
        book, job = load(book, rollout, replace(module, differs=True), now, again=member.again + 1)
        return Decision(book, (*drop, job))
    book, effects = _take(book, rollout, module, outcome, now)
    book, more = conclude(book, rollout.revision, now)
    return Decision(book, (*effects, *more))


def _take(
    book: Book, rollout: Rollout, module: Module, outcome: LoadOutcome, now: Instant
) -> tuple[Book, list[Effect]]:
    match outcome:
        case Staged():
            ready = Ready(outcome.number, outcome.digest, outcome.reloaded, outcome.duration * 1000)
            if rollout.atomic:
                return with_member(book, rollout, module.name, ready), []
            return promote_member(book, rollout, module, ready, now)
        case Unchanged():
            still = replace(module, differs=False, rejection=None)
            return settle(book.having(still), rollout, still, module_change(still, "unchanged", note=_same(still)), now)
        case Checked():
            change = module_change(module, "checked", reloaded=outcome.reloaded, duration_ms=outcome.duration * 1000)
            return settle(book, rollout, module, change, now)
        case Planned():
            plan = tuple(PlannedPart(part, why) for part, why in outcome.executed)
            waiting = any(r.holds(module.name) for r in book.rollouts.values() if r is not rollout)
            # What was read is older than what a later rollout will read: only the last look may forget the paths.
            pending = module.pending if outcome.differs or waiting else frozenset[str]()
            known = replace(module, differs=outcome.differs, pending=pending)
            change = module_change(known, "planned", plan=plan, kept=outcome.kept)
            return settle(book.having(known), rollout, known, change, now)
        case Avoided():
            known = replace(module, differs=True)
            return settle(book.having(known), rollout, known, _avoided_change(rollout, known, outcome.digest), now)
        case Rejected():
            error = ErrorView(
                outcome.code, outcome.message, outcome.hint, outcome.file, outcome.line, outcome.traceback
            )
            return _reject(book, rollout, module, error, outcome.digest, outcome.duration * 1000, now)


def _same(module: Module) -> str:
    return f"{gen(module.current)} is what is on disk"


def _avoided_change(rollout: Rollout, module: Module, digest: str) -> ModuleChange:
    why = module.quarantine.get(digest, "undone")
    error = Quarantined(
        f"what is on disk for {module.name} was {why}",
        hint=f"edit it, or `hotctl reload {module.name} --force`",
    )
    if rollout.skips or rollout.by_watch:
        return module_change(module, "skipped", error=error_view(error), note=error.message)
    return refused_change(module, error)


def _reject(
    book: Book, rollout: Rollout, module: Module, error: ErrorView, digest: str, duration_ms: float, now: Instant
) -> tuple[Book, list[Effect]]:
    change = module_change(module, "rejected", error=error, duration_ms=duration_ms)
    if rollout.kind is LoadKind.CHECK or (rollout.kind is LoadKind.PLAN and not rollout.quiet):
        return settle(book, rollout, module, change, now)
    if rollout.kind is LoadKind.PLAN:
        module = replace(module, differs=True)
        return settle(book.having(module), rollout, module, change, now)
    rejection = Rejection(digest, error, now, rollout.cause, rollout.actor.name, duration_ms)
    module = replace(
        module,
        differs=True,
        rejection=rejection,
        rejections=bounded(module.rejections, rejection, MOST_REJECTIONS),
        quarantine={**module.quarantine, digest: module.quarantine.get(digest, "rejected")},
        failures=bounded(module.failures, FailureRecord(now, None, None, error), MOST_FAILURES),
        errors=module.errors + 1,
    )
    told = Emit(
        EventName.RELOAD_REJECTED,
        f"{module.name} rejected, {_stays(module)}: {located(error)}",
        module.name,
        module.current,
        actor=rollout.actor.name,
        cause=rollout.cause,
        fields={"digest": digest, "code": error.code, "file": error.file, "line": error.line},
    )
    book, effects = settle(book.having(module), rollout, module, change, now)
    return book, [told, *effects]


def _stays(module: Module) -> str:
    return "nothing runs" if module.current is None else f"g{module.current} stays current"


def overdue(book: Book, now: Instant) -> tuple[Book, tuple[Effect, ...]]:
    """Give up on loads past ``load_deadline``: the thread is abandoned, the candidate rejected."""
    effects: list[Effect] = []
    for rollout in list(book.rollouts.values()):
        for name, member in rollout.members.items():
            if not isinstance(member, InLoad) or member.deadline > now.mono:
                continue
            module = book.modules[name]
            limit = module.spec.load_deadline
            error = ErrorView(
                "load-timeout",
                f"importing {module.spec.entry} took longer than load_deadline ({limit:g} s); its thread was abandoned",
                "see the daemon's log for the stack it stands in, or raise load_deadline",
            )
            effects.append(AbandonLoad(member.job))
            book, more = _reject(
                book, book.rollouts[rollout.revision], module, error, f"timeout-{member.job}", limit * 1000, now
            )
            effects += more
        if rollout.revision in book.rollouts:
            book, more = conclude(book, rollout.revision, now)
            effects += more
    return book, tuple(effects)


def _member_in_load(book: Book, job: int) -> tuple[Rollout, InLoad] | None:
    for rollout in book.rollouts.values():
        for member in rollout.members.values():
            if isinstance(member, InLoad) and member.job == job:
                return rollout, member
    return None
