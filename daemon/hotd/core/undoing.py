"""Back to a generation that served before. In memory that is a pointer swap: no disk, no import."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract import requests
from hotd.contract.errors import Busy, Expired, NoHistory, Refused, ShuttingDown, UnknownGeneration
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core.book import Book, Module, Revision, quarantined, recorded, without
from hotd.core.effects import Decision, Emit
from hotd.core.promotion import make_current
from hotd.core.rollouts import check_generation
from hotd.core.values import Actor, Instant
from hotd.core.wording import gen, not_served, plain_change, worded


def undo(book: Book, request: requests.Undo, actor: Actor, now: Instant) -> Decision:
    """Make an earlier generation current and quarantine what is left, so that the watcher does not redo it.

    Without ``to``: the last stable generation before current; undoing again goes further back, never forward.
    Raises UnknownModule, UnknownGeneration, NoHistory, Expired, Busy, GenerationMismatch, ShuttingDown.
    """
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it changes nothing any more")
    if (rollout := book.changing(module.name)) is not None:
        raise Busy(
            f"rollout {rollout.revision} of {module.name} is in flight ({rollout.cause}, by {rollout.actor.name})",
            hint=f"`hotctl outcome {rollout.revision}` tells how it ends; undo after that",
        )
    number = _goal(module, request.to)
    previous = module.current
    assert previous is not None, "_goal refuses where nothing was ever current"
    left, back = module.generations[previous].digest, module.generations[number].digest
    module, effects = make_current(module, number, now, superseded="rolled-back")
    at = module.line.index(number) if number in module.line else len(module.line) - 1
    module = replace(module, line=(*module.line[:at], number), quarantine=without(module.quarantine, back))
    if left != back:
        module = quarantined(module, left, "undone")
    cause = worded("hotctl undo", request.reason)
    note = not_served(module)
    change = plain_change(module, "undone", previous=previous, note=note)
    revision = Revision(
        book.next_revision, now, cause, actor.name, Change(book.next_revision, (change,), "undone", note), 0.0
    )
    told = Emit(
        EventName.MODULE_UNDONE,
        f"{module.name} is back to {gen(number)}; {gen(previous)} is quarantined until its content changes",
        module.name,
        number,
        actor=actor.name,
        cause=cause,
        fields={"previous": previous},
    )
    book = recorded(replace(book.having(module), next_revision=book.next_revision + 1), revision)
    return Decision(book, (*effects, told), revision.change)


def _goal(module: Module, wanted: int | None) -> int:
    if module.current is None:
        raise NoHistory(f"{module.name} has no generation yet", hint=f"`hotctl errors {module.name}` tells why")
    if wanted is None:
        if len(module.line) < 2:
            raise NoHistory(
                f"{module.name} has no stable generation before g{module.current}",
                hint=f"`hotctl generations {module.name}` lists what there is",
            )
        wanted = module.line[-2]
    if wanted not in module.generations:
        known = ", ".join(f"g{n}" for n in sorted(module.generations))
        raise UnknownGeneration(f"{module.name} has no generation g{wanted}", hint=f"there are {known}")
    if wanted == module.current:
        raise Refused(f"g{wanted} is current already", hint=f"`hotctl generations {module.name}`")
    if not module.generations[wanted].in_memory:
        older = [n for n in module.line[:-1] if module.generations[n].in_memory]
        other = f"`hotctl undo {module.name} --to {older[-1]}` goes to g{older[-1]}; or " if older else ""
        raise Expired(
            f"g{wanted} of {module.name} is no longer in memory",
            hint=f"{other}put the old source back and reload; more `standby` in hotd.toml keeps more",
        )
    return wanted
