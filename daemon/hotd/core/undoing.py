"""Back to a generation that served before. In memory that is a pointer swap: no disk, no import."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract import requests
from hotd.contract.errors import Busy, NoHistory, Pinned, Refused, ShuttingDown, UnknownGeneration
from hotd.contract.views import Change
from hotd.core.book import Book, Module, Revision, recorded
from hotd.core.effects import Decision
from hotd.core.messages import LoadKind
from hotd.core.promotion import bring_back
from hotd.core.rollouts import check_generation, open_rollout
from hotd.core.values import Actor, Instant
from hotd.core.wording import gen, not_served, plain_change, worded


def undo(book: Book, request: requests.Undo, actor: Actor, now: Instant) -> Decision:
    """Make an earlier generation current and quarantine what is left, so that the watcher does not redo it.

    Without ``to``: the last stable generation before current; undoing again goes further back, never forward. One that
    left memory is loaded again from the store, which takes a rollout: the answer is then its revision.
    Raises UnknownModule, UnknownGeneration, NoHistory, Pinned, Busy, GenerationMismatch, ShuttingDown.
    """
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
    previous = module.current
    # No intent is written first: code, number and sources of what comes back are durable since it was new. An undo
    # must be quick, and possible on a disk that is full.
    module, effects = bring_back(module, number, now, actor=actor.name, cause=cause)
    note = not_served(module)
    change = plain_change(module, "undone", previous=previous, note=note)
    revision = Revision(
        book.next_revision, now, cause, actor.name, Change(book.next_revision, (change,), "undone", note), 0.0
    )
    book = recorded(replace(book.having(module), next_revision=book.next_revision + 1), revision)
    return Decision(book, tuple(effects), revision.change)


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
