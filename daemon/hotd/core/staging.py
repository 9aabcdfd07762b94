"""A rollout by hand: stage, promote, abort; and one more try of what was refused."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import NoCandidate, NothingInFlight, Pinned
from hotd.contract.events import EventName
from hotd.contract.views import Change, ModuleChange
from hotd.core.book import Book, InLoad, Module, Rollout, Settled, quarantined, saw, without
from hotd.core.concluding import candidate_of, conclude, settle
from hotd.core.copies import replace
from hotd.core.effects import AbandonLoad, Decision, Discard, Effect, Emit
from hotd.core.messages import LoadKind
from hotd.core.permission import check_modules
from hotd.core.rollouts import blocked, check_generation, open_rollout
from hotd.core.undoing import refuse_in_flight
from hotd.core.values import Actor, Instant
from hotd.core.wording import gen, locked, module_change, worded


def stage(book: Book, request: requests.Stage, actor: Actor, now: Instant) -> Decision:
    """Load aside and wait for a word. Raises UnknownModule, GenerationMismatch, Busy, Locked, ShuttingDown."""
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    refuse_in_flight(book, module, "stage")
    if (hold := book.deployed(module)) is not None:
        raise locked(hold, now)
    cause = worded("hotctl stage", request.reason)
    return open_rollout(book, [module.name], LoadKind.STAGE, cause=cause, actor=actor, now=now, by_hand=True)


def promote(book: Book, request: requests.Promote, actor: Actor, now: Instant) -> Decision:
    """Make the staged candidate current. Raises UnknownModule, GenerationMismatch, NoCandidate, Pinned."""
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    rollout = book.changing(module.name)
    if rollout is None or not rollout.by_hand or candidate_of(rollout.members[module.name]) is None:
        raise NoCandidate(
            f"{module.name} has no candidate that waits to be promoted",
            hint=f"`hotctl stage {module.name}` loads one"
            if rollout is None
            else f"`hotctl outcome {rollout.revision}`",
        )
    if module.pinned and module.current is not None:
        raise Pinned(f"{module.name} is pinned to {gen(module.current)}", hint=f"`hotctl unpin {module.name}`")
    going = replace(rollout, by_hand=False)
    return Decision(replace(book, rollouts={**book.rollouts, rollout.revision: going}), answer=rollout.revision)


def abort(book: Book, request: requests.Abort, actor: Actor, now: Instant) -> Decision:
    """Cancel the rollout that is in flight: everything stays as it is, and its content is quarantined.

    Raises UnknownModule, NothingInFlight, NotPermitted: it is cancelled for all its modules, or not at all.
    """
    check_modules(actor, "abort", [request.module])
    module = book.module(request.module)
    rollout = book.changing(module.name)
    if rollout is None:
        raise NothingInFlight(
            f"nothing of {module.name} is in flight", hint=f"`hotctl undo {module.name}` goes back to before the last"
        )
    going = [name for name, member in rollout.members.items() if not isinstance(member, Settled)]
    check_modules(actor, "abort", going)
    effects: list[Effect] = []
    changes: list[ModuleChange] = []
    for name in going:
        book, change, more = _cancel(book, rollout, book.modules[name], now)
        effects += more
        changes.append(change)
    book, more = conclude(book, rollout.revision, now)
    cause = worded("hotctl abort", request.reason)
    note = f"revision {rollout.revision} was aborted ({rollout.cause})"
    told = Emit(
        EventName.RELOAD_ABORTED, f"{module.name}: {note}", module.name, module.current, None, actor.name, cause
    )
    answer = Change(None, tuple(replace(one, outcome="done", note=note) for one in changes), "done", note)
    return Decision(book, (told, *effects, *more), answer)


def _cancel(book: Book, rollout: Rollout, module: Module, now: Instant) -> tuple[Book, ModuleChange, list[Effect]]:
    effects: list[Effect] = []
    member = rollout.members[module.name]
    if isinstance(member, InLoad):
        effects.append(AbandonLoad(member.job))
        module = saw(module, "", now)
    if (ready := candidate_of(member)) is not None:
        effects.append(Discard(module.name, ready.number))
        if module.name not in rollout.goals:
            module = quarantined(saw(module, ready.digest, now), ready.digest, "aborted")
    change = module_change(module, "aborted", note=f"{gen(module.current)} stays current")
    book, more = settle(book.having(module), rollout, module, change)
    return book, change, [*effects, *more]


def retry(book: Book, request: requests.Retry, actor: Actor, now: Instant) -> Decision:
    """Lift the quarantine of what is on disk and load it once more. Where that may not be, the quarantine stays.

    Raises UnknownModule, GenerationMismatch, Busy, Locked, ShuttingDown.
    """
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    refuse_in_flight(book, module, "retry")
    if (hold := book.deployed(module)) is not None:
        raise locked(hold, now)
    cause = worded("hotctl retry", request.reason)
    decided = open_rollout(book, [module.name], LoadKind.STAGE, cause=cause, actor=actor, now=now)
    rollout = decided.book.rollouts[book.next_revision]
    if module.disk is None or blocked(decided.book, rollout, module) is not None:
        # At the cap, say: refused in a moment, and nobody would come back to content that nothing speaks against.
        return decided
    lifted = replace(module, quarantine=without(module.quarantine, module.disk.digest))
    return replace(decided, book=decided.book.having(lifted))
