"""Getting rid of one generation: ask its instances to end, drop it from memory."""

from __future__ import annotations

from collections.abc import Sequence

from hotd.contract import requests
from hotd.contract.errors import Busy, Refused, UsageError
from hotd.contract.events import EventName
from hotd.contract.units import LONGEST_DURATION, format_duration
from hotd.core.book import Book, Draining, Instance, Module, Retired, Standby
from hotd.core.concluding import waiting
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit, Retire
from hotd.core.instances import with_instance
from hotd.core.reasons import check_number
from hotd.core.rollouts import check_generation
from hotd.core.switches import done
from hotd.core.values import Actor, Instant
from hotd.core.wording import gen, listed, worded

LEAST = 0.001
"""Seconds: nobody is late at the moment in which he is asked."""


def drain(book: Book, request: requests.Drain, actor: Actor, now: Instant) -> Decision:
    """Ask every instance of one generation to end at its next checkpoint. Those of current are replaced.

    Raises UnknownModule, UnknownGeneration, GenerationMismatch, UsageError, Refused.
    """
    module, number = _meant(book, request)
    held = _running(module, number)
    if not held:
        return done(book, [module.name], f"nobody runs {gen(number)}", ())
    new = [instance for instance in held if not instance.leaving or request.deadline is not None]
    if not new:
        return done(book, [module.name], f"{_names(held)} {_was(held)} asked already{_left(module, number, now)}", ())
    phase = module.generations[number].phase
    if isinstance(phase, Draining) and request.deadline is not None:
        phase = replace(phase, since=now, deadline=now.mono + request.deadline, stalled=None)
        module = in_phase(module, number, phase)
    module = _leaving(module, held, request.deadline, now)
    note = f"{_asked(module, held)}{_left(module, number, now)}"
    if number == module.current:
        others = f"`hotctl stop {module.name}` starts none, `hotctl undo {module.name}` goes back"
        note += f"; {gen(number)} is current, so new ones on it take their places ({others})"
    return _told(book, module, number, note, actor, worded("hotctl drain", request.reason))


def purge(book: Book, request: requests.Purge, actor: Actor, now: Instant) -> Decision:
    """Drop one generation from memory: at once where nobody runs it, else when all have ended or were given up.

    Raises UnknownModule, UnknownGeneration, GenerationMismatch, UsageError, Refused for current, Busy where ``soft``
    and somebody runs it.
    """
    module, number = _meant(book, request)
    if number == module.current:
        raise Refused(
            f"{gen(number)} is current: what new instances get cannot leave memory",
            hint=f"`hotctl undo {module.name}` goes back to an earlier one, then purge {gen(number)}",
        )
    generation = module.generations.get(number)
    if generation is None or not generation.in_memory:
        leaks = f"; its code is in memory all the same: `hotctl why {module.name} {number}`"
        note = f"{gen(number)} has left memory already" + (leaks if number in module.leaks else "")
        return done(book, [module.name], note, ())
    everybody = [instance for instance in module.instances.values() if instance.generation == number]
    if request.soft and everybody:
        raise Busy(
            f"{_names(everybody)} still {'runs' if len(everybody) == 1 else 'run'} {gen(number)}",
            hint=f"`hotctl why {module.name} {number}` tells where they stand; without --soft they are asked to end",
        )
    held = _running(module, number)
    cause = worded("hotctl purge", request.reason)
    if not held:
        module, effects = leave_memory(module, number, now, actor=actor.name, cause=cause)
        note = f"{gen(number)} is dropped from memory; an undo to it loads it from the store"
        if everybody:
            note += f"; {_names(everybody)} {_was(everybody)} abandoned and may run on: its code stays as long"
        return done(book.having(module), [module.name], note, tuple(effects))
    phase = generation.phase
    assert isinstance(phase, Draining), "whoever runs one that is not current keeps it draining"
    if phase.purge and request.deadline is None:
        note = f"{gen(number)} is being purged already: {_names(held)} {_was(held)} asked{_left(module, number, now)}"
        return done(book, [module.name], note, ())
    patience = module.spec.drain_deadline if request.deadline is None else request.deadline
    module = in_phase(module, number, Draining(now, now.mono + patience, purge=True))
    module = _leaving(module, held, request.deadline, now)
    note = f"{_asked(module, held)}; {gen(number)} leaves memory when they have, or in {format_duration(patience)}: "
    return _told(book, module, number, f"{note}who has not by then is abandoned", actor, cause)


# --- steps that others take, too -------------------------------------------------------------------------------------


def leave_memory(
    module: Module, number: int, now: Instant, *, actor: str | None = None, cause: str | None = None
) -> tuple[Module, list[Effect]]:
    """The module, one of whose generations can only come back from the store."""
    message = f"{module.name} {gen(number)} is retired from memory"
    told = Emit(EventName.GENERATION_RETIRED, message, module.name, number, actor=actor, cause=cause)
    return in_phase(module, number, Retired(now)), [Retire(module.name, number), told]


def in_phase(module: Module, number: int, phase: Draining | Standby | Retired) -> Module:
    changed = replace(module.generations[number], phase=phase)
    return replace(module, generations={**module.generations, number: changed})


# --- whom it is about ------------------------------------------------------------------------------------------------


def _meant(book: Book, request: requests.Drain | requests.Purge) -> tuple[Module, int]:
    module, number = book.module(request.module), request.generation
    check_generation(book, [module.name], request.if_generation)
    if request.deadline is not None and not 0 <= request.deadline <= LONGEST_DURATION:
        raise UsageError(f"{request.deadline} is no time in which anybody could end", hint="seconds, 0 or more")
    ready = waiting(book, module.name)
    if ready is not None and ready.number == number and number not in module.generations:
        raise Refused(
            f"{gen(number)} is a candidate that nobody runs so far", hint=f"`hotctl abort {module.name}` throws it away"
        )
    check_number(module, number)
    return module, number


def _running(module: Module, number: int) -> list[Instance]:
    return [instance for instance in module.instances.values() if instance.generation == number and instance.counts]


def _leaving(module: Module, held: Sequence[Instance], patience: float | None, now: Instant) -> Module:
    for instance in held:
        going = replace(instance, leaving=True)
        if patience is not None:
            patience = max(patience, LEAST)
            late = now.mono + patience if instance.state == "stopping" else 0.0
            going = replace(going, patience=patience, deadline=late, stalled=None)
        module = with_instance(module, going)
    return module


# --- words -----------------------------------------------------------------------------------------------------------


def _asked(module: Module, held: Sequence[Instance]) -> str:
    most = module.spec.max_unavailable
    few = f", {most} at a time" if len(held) > most else ""
    return f"{_names(held)} {_was(held)} asked to end at the next checkpoint{few}"


def _left(module: Module, number: int, now: Instant) -> str:
    """How long a drain may last, and what then."""
    phase = module.generations[number].phase
    if not isinstance(phase, Draining):
        return ""
    left = phase.deadline - now.mono
    if left <= 0:
        past = f"the deadline passed {format_duration(float(int(-left)))} ago"
        return f"; {past}: `hotctl purge {module.name} {number}` gives up who does not end"
    given_up = phase.purge or module.spec.after_deadline == "abandon"
    return f"; who has not in {format_duration(left)} is {'abandoned' if given_up else 'told as stalled'}"


def _names(instances: Sequence[Instance]) -> str:
    return listed([str(instance.id) for instance in instances])


def _was(instances: Sequence[Instance]) -> str:
    return "is" if len(instances) == 1 else "are"


def _told(book: Book, module: Module, number: int, note: str, actor: Actor, cause: str) -> Decision:
    event, message = EventName.GENERATION_DRAINING, f"{module.name} {gen(number)}: {note}"
    emit = Emit(event, message, module.name, number, actor=actor.name, cause=cause)
    return done(book.having(module), [module.name], note, (emit,))
