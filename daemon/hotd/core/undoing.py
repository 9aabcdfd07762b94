"""Back to a generation that served before. In memory that is a pointer swap: no disk, no import."""

from __future__ import annotations

from collections.abc import Mapping

from hotd.contract import requests
from hotd.contract.errors import Busy, Expired, NoHistory, Pinned, Refused, ShuttingDown, UnknownGeneration, UsageError
from hotd.contract.views import Change, ModuleChange
from hotd.core.book import Book, Module, Revision, recorded
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect
from hotd.core.messages import LoadKind
from hotd.core.moving import moved_since, told
from hotd.core.permission import check_modules
from hotd.core.picture import outcome_of
from hotd.core.promotion import bring_back
from hotd.core.rollouts import check_generation, open_rollout
from hotd.core.values import Actor, Instant
from hotd.core.whence import of_generations
from hotd.core.wording import gen, not_served, plain_change, worded


def undo(book: Book, request: requests.Undo, actor: Actor, now: Instant, done: Change | None = None) -> Decision:
    """Make an earlier generation current and quarantine what is left, so that the watcher does not redo it.

    Without ``to``: the last stable generation before current; undoing again goes further back, never forward. One that
    left memory is loaded again from the store, which takes a rollout: the answer is then its revision.
    ``done`` is what the revision did, where only the store remembers it.
    Raises UnknownModule, UnknownGeneration, UnknownRevision, NoHistory, Expired, Pinned, Busy, GenerationMismatch,
    UsageError, ShuttingDown, NotPermitted.
    """
    if request.revision is not None:
        return _undo_rollout(book, request, done or outcome_of(book, request.revision), actor, now)
    if request.module is None:
        raise UsageError("say which module, or which revision", hint="`hotctl history` lists the revisions")
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it changes nothing any more")
    refuse_in_flight(book, module, "undo")
    number = _goal(module, request.to)
    cause = worded("hotctl undo", request.reason)
    if not module.generations[number].in_memory:
        goals = {module.name: number}
        return open_rollout(book, goals, LoadKind.STAGE, cause=cause, actor=actor, now=now, goals=goals, undoes=True)
    return _swap(book, {module.name: number}, cause, actor, now)


def _undo_rollout(book: Book, request: requests.Undo, done: Change, actor: Actor, now: Instant) -> Decision:
    """Back to before a rollout, for every module that it changed and that still runs what it brought: all or none."""
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it changes nothing any more")
    number, goals = request.revision, dict[str, int]()
    check_modules(actor, f"undo --revision {number}:", [one.module for one in done.modules])
    changed = [one for one in done.modules if one.outcome == "promoted" and one.previous is not None]
    if not changed:
        raise NoHistory(f"revision {number} changed nothing that could be taken back", hint="`hotctl history`")
    for one in changed:
        module = book.module(one.module)
        check_generation(book, [module.name], request.if_generation)
        refuse_in_flight(book, module, "undo")
        if module.current != one.generation:
            raise Refused(
                f"{module.name} is at {gen(module.current)} by now, revision {number} brought {gen(one.generation)}",
                hint=f"`hotctl undo {module.name} --to {one.previous}` takes it there alone",
            )
        if one.previous not in module.generations:
            raise Expired(
                f"{gen(one.previous)} of {module.name}, which was before revision {number}, is kept no more",
                hint=f"`hotctl generations {module.name}` lists those that are",
            )
        goals[module.name] = _goal(module, one.previous)
    cause = worded(f"hotctl undo --revision {number}", request.reason)
    if all(book.modules[name].generations[goal].in_memory for name, goal in goals.items()):
        return _swap(book, goals, cause, actor, now)
    return open_rollout(
        book, goals, LoadKind.STAGE, cause=cause, actor=actor, now=now, goals=goals, undoes=True, atomic=True
    )  # fmt: skip


def _swap(book: Book, goals: Mapping[str, int], cause: str, actor: Actor, now: Instant) -> Decision:
    """No intent is written first: code, number and sources of what comes back are durable since it was new. An undo
    must be quick, and possible on a disk that is full."""
    effects: list[Effect] = []
    changes: list[ModuleChange] = []
    for name, number in goals.items():
        module = book.modules[name]
        previous = module.current
        module, more = bring_back(module, number, now, actor=actor.name, cause=cause)
        effects += more
        book = book.having(module)
        if moved := moved_since(book, module, number):
            effects.append(told(module, number, moved, actor=actor.name, cause=cause))
        note = "; ".join(filter(None, (not_served(module), moved)))
        changes.append(plain_change(module, "undone", previous=previous, note=note))
    note = changes[0].note if len(changes) == 1 else ""
    origins = of_generations(*((book.modules[name], number) for name, number in goals.items()))
    change = Change(book.next_revision, tuple(changes), "undone", note, origins=origins)
    revision = Revision(book.next_revision, now, cause, actor.name, change, 0.0)
    book = recorded(replace(book, next_revision=book.next_revision + 1), revision)
    return Decision(book, tuple(effects), change)


def refuse_in_flight(book: Book, module: Module, verb: str) -> None:
    """One change at a time. Raises Busy, which names the other one."""
    if (rollout := book.changing(module.name)) is not None:
        raise Busy(
            f"rollout {rollout.revision} of {module.name} is in flight ({rollout.cause}, by {rollout.actor.name})",
            hint=f"`hotctl outcome {rollout.revision}` tells how it ends; {verb} after that",
        )


def _goal(module: Module, wanted: int | None) -> int:
    if not module.generations:
        raise NoHistory(f"{module.name} has no generation yet", hint=f"`hotctl errors {module.name}` tells why")
    if module.pinned and module.current is not None:
        raise Pinned(
            f"{module.name} is pinned to {gen(module.current)}", hint=f"`hotctl unpin {module.name}`, then undo"
        )
    if wanted is None:
        earlier = [number for number in module.line if number != module.current]
        if not earlier:
            raise NoHistory(
                f"{module.name} has no stable generation before {gen(module.current)}",
                hint=f"`hotctl generations {module.name}` lists what there is",
            )
        wanted = earlier[-1]
    if wanted not in module.generations:
        known = ", ".join(f"g{n}" for n in sorted(module.generations))
        raise UnknownGeneration(f"{module.name} has no generation g{wanted}", hint=f"there are {known}")
    if wanted == module.current:
        raise Refused(f"g{wanted} is current already", hint=f"`hotctl generations {module.name}`")
    return wanted
