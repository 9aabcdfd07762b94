"""``hotctl why``: everything that keeps a module from being healthy, or a generation from being current or gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hotd.contract.errors import UnknownGeneration
from hotd.contract.units import format_duration
from hotd.contract.views import Blocking, Condition, HolderView, Reason, Why
from hotd.core import stale
from hotd.core.book import Book, Draining, Generation, Instance, Module, Standby
from hotd.core.conditions import conditions_of, health_of
from hotd.core.loads import at_cap
from hotd.core.messages import Holder
from hotd.core.moving import moved_since
from hotd.core.picture import STATES
from hotd.core.times import rfc3339
from hotd.core.values import InstanceId, Instant
from hotd.core.wording import gen, listed, waits

MOST_TRACED = 3
"""Leaked generations whose holders a question about a whole module looks for, the newest: it takes a while."""

ASKED = ("stopping", "abandoned")
GRAVITY = ("Stalled", "Draining", "Abandoned")
"""Kinds of blockers. Nobody waits for one that was abandoned."""

LET_GO = "let the module take it back in __hot_dispose__(); what is held by now leaves memory with the daemon at last"

ENDS_FIRST = "every instance is asked to end first; where no systemd is, end hotd serve and start it again"


@dataclass(frozen=True, slots=True)
class Seen:
    """What only a look can tell, at the moment of the question."""

    stacks: Mapping[InstanceId, str] = field(default_factory=dict)
    """Where instances stand."""
    holders: Mapping[int, tuple[Holder, ...]] = field(default_factory=dict)
    """Who keeps a leaked generation in memory, of those that were looked for."""


def check_number(module: Module, number: int) -> None:
    """Raises UnknownGeneration, with those that are known."""
    known = sorted({*module.generations, *module.leaks})
    if number in known:
        return
    hint = "it has none yet"
    if known:
        near = min(known, key=lambda one: abs(one - number))
        hint = f"did you mean {gen(near)}? there {'is' if len(known) == 1 else 'are'} {listed([gen(n) for n in known])}"
    raise UnknownGeneration(f"nothing is known of a {gen(number)} of {module.name}", hint=hint)


def blockers(module: Module, number: int | None) -> list[Instance]:
    """The instances that hold up a drain, or do not end though they were asked to; of one generation, or of all."""
    out = module.leaving is not None
    held = [i for i in module.instances.values() if out or i.generation != module.current or i.state in ASKED]
    return [i for i in held if number in (None, i.generation)]


def blocking(modules: Iterable[Module], now: Instant, seen: Seen) -> Blocking:
    """What holds up every drain, the gravest first and of those the oldest."""
    found = [(module, instance) for module in modules for instance in blockers(module, None)]
    reasons = [_blocker(module, instance, now, seen) for module, instance in found]
    return Blocking(tuple(sorted(reasons, key=lambda one: (GRAVITY.index(one.type), -(one.age_s or 0.0)))))


def traced(module: Module, number: int | None) -> list[int]:
    """The leaked generations whose holders are wanted."""
    if number is None or number == module.current:
        return sorted(module.leaks)[-MOST_TRACED:]
    return [number] if number in module.leaks else []


def why(book: Book, module: Module, number: int | None, now: Instant, seen: Seen) -> Why:
    """All that is in the way, the gravest first. What is in the way of current is so for the module."""
    if number is None or number == module.current:
        health = health_of(book, module, conditions_of(book, module))
        serves = f"{gen(module.current)} is current, {_counted(module.on_current)} it"
        message = serves if module.current is not None else "nothing has been loaded"
        return Why(module.name, number, health, message, tuple(_of_module(book, module, now, seen)))
    generation = module.generations.get(number)
    state = "retired" if generation is None else STATES[type(generation.phase)]
    reasons = (
        *_of_phase(module, generation, now),
        *_blocking(module, number, now, seen),
        *_leaking(module, [number], seen),
    )
    return Why(module.name, number, state, _fate(module, number, generation, now), reasons)


# --- of a module -----------------------------------------------------------------------------------------------------


def _of_module(book: Book, module: Module, now: Instant, seen: Seen) -> Iterator[Reason]:
    conditions = conditions_of(book, module)
    for condition in conditions:
        if condition.type == "Stalled":
            continue  # whoever is late is named below, with his stack
        if condition.type == "Leaked":
            continue  # as is who holds it
        if condition.type == "OutOfSync" and condition.reason == "rejected":
            continue  # the rejection says it, and more
        yield _of_condition(module, condition)
    yield from _blocking(module, None, now, seen)
    yield from _leaking(module, sorted(module.leaks, reverse=True), seen)
    told = {condition.reason for condition in conditions if condition.type == "OutOfSync"}
    yield from _held(book, module, told, now)


def _of_condition(module: Module, condition: Condition) -> Reason:
    error, hint = None, None
    typed = _COMMAND.search(condition.message)
    usual = _NEXT.get(condition.reason) or _NEXT.get(condition.type, "hotctl status {name}")
    following = typed[1] if typed else usual.format(name=module.name)
    if condition.type in ("Rejected", "SourceMissing") and module.rejection is not None:
        error, hint = module.rejection.error, module.rejection.error.hint
    if condition.type == "RestartRequired":
        hint = ENDS_FIRST
    return Reason(condition.type, condition.message, following, hint, since=condition.since, error=error)


_COMMAND = re.compile(r"`(hotctl [^`]+)`")
_NEXT = {
    "Rejected": "hotctl reload {name}",
    "SourceMissing": "hotctl reload {name}",
    "CrashLooping": "hotctl errors {name}",
    "NotServing": "hotctl instances {name}",
    "Tainted": "hotctl errors {name}",
    "abandoned": "hotctl instances {name}",
    "RestartRequired": stale.CURE,
}


def _held(book: Book, module: Module, told: set[str], now: Instant) -> Iterator[Reason]:
    """What was decided about it, or is on its way."""
    rollout = book.in_flight(module.name)
    if rollout is not None and rollout.by_hand:
        if "staged" not in told:
            yield Reason("InFlight", waits(module.name, rollout), f"hotctl promote {module.name}")
    elif rollout is not None:
        message = f"revision {rollout.revision} is in flight for {_age(rollout.started, now)}: {rollout.cause}"
        yield Reason("InFlight", message, f"hotctl outcome {rollout.revision}")
    elif module.current is None and module.rejection is None:
        yield Reason("NotLoaded", "nothing has been loaded yet", f"hotctl reload {module.name}")
    if module.current is not None and (moved := moved_since(book, module, module.current)):
        yield Reason("Moved", f"it runs over {moved}", f"hotctl generations {module.name}", generation=module.current)
    if module.leaving is not None:
        message = f"{module.name} is being removed: {module.leaving.cause}, by {module.leaving.actor}"
        yield Reason("Leaving", message, f"hotctl remove {module.name}", since=rfc3339(module.leaving.since))
    elif module.stopped:
        yield Reason("Stopped", f"{module.name} is stopped: no instance is started", f"hotctl start {module.name}")
    if (book.paused or module.paused) and "paused" not in told:
        which = "hotctl resume" if book.paused else f"hotctl resume {module.name}"
        end = book.paused_to(module)
        until = f", until {rfc3339(end)}" if end is not None else ""
        yield Reason("Paused", f"file changes are recorded, not acted on{until}", which)
    blocked = at_cap(module)
    if blocked is not None and blocked.code not in told:
        yield Reason("TooManyGenerations", blocked.message, f"hotctl blocking {module.name}", blocked.hint)


# --- of a generation -------------------------------------------------------------------------------------------------


LEAVING = 10.0
"""Seconds after its retirement in which a generation may still be on its way out of memory: it is told as that."""


def _fate(module: Module, number: int, generation: Generation | None, now: Instant) -> str:
    if generation is not None and isinstance(generation.phase, Draining):
        return f"{_counted(module.count(number))} it still"
    if generation is not None and isinstance(generation.phase, Standby):
        return "nobody runs it, and it is kept in memory for an undo"
    if number in module.leaks:
        return "it is in memory all the same"
    if generation is not None and now.mono - generation.phase.since.mono < LEAVING:
        return f"it was retired {_age(generation.phase.since, now)} ago and leaves memory"
    return "it is gone from memory"


def _of_phase(module: Module, generation: Generation | None, now: Instant) -> Iterator[Reason]:
    if generation is None:
        return
    back = f"hotctl undo {module.name} --to {generation.number}"
    match generation.phase:
        case Draining(deadline=deadline, purge=purge):
            if purge:
                left = format_duration(max(0.0, deadline - now.mono))
                message = f"it leaves memory when they have ended; who has not in {left} is abandoned"
                following = f"hotctl wait {module.name} {generation.number} --for retired"
                yield Reason("Purging", message, following, generation=generation.number)
            message = f"{gen(module.current)} is current in its place"
            yield Reason("Superseded", message, back, generation=generation.number)
        case Standby():
            message = f"standby = {module.spec.standby} generations that nobody runs stay loaded for an instant undo"
            yield Reason("Standby", message, back, generation=generation.number)


def _blocking(module: Module, number: int | None, now: Instant, seen: Seen) -> Iterator[Reason]:
    for instance in blockers(module, number):
        yield _blocker(module, instance, now, seen)


def _blocker(module: Module, instance: Instance, now: Instant, seen: Seen) -> Reason:
    message = f"{instance.id} runs {gen(instance.generation)} for {_age(instance.started, now)}"
    kind, following, hint = "Draining", f"hotctl restart {instance.id}", None
    asked = instance.state == "stopping"
    if asked:
        message += ", and was asked to end at its next checkpoint"
        following = f"hotctl logs {module.name} --instance {instance.id}"
    elif module.shall_end(instance) and instance.state != "abandoned":
        message += f", and is asked to end when others have (max_unavailable = {module.spec.max_unavailable})"
        following = f"hotctl logs {module.name} --instance {instance.id}"
    late = min((since for since in (instance.stalled, _stalled(module, instance)) if since is not None), default=None)
    if late is not None:
        kind, message = "Stalled", f"{message}; it should have ended {_age(late, now)} ago"
    if asked and late is not None and instance.generation != module.current:
        hint = f"`hotctl purge {module.name} {instance.generation}` abandons who does not end, and frees the place"
    if instance.state == "abandoned":
        kind, message = "Abandoned", f"{message}; it cannot be ended and is not counted"
        following = f"hotctl logs {module.name} --instance {instance.id}"
    return Reason(
        kind,
        message,
        following,
        hint,
        generation=instance.generation,
        instance=str(instance.id),
        stack=seen.stacks.get(instance.id),
        module=module.name,
        age_s=round(now.mono - instance.started.mono, 3),
    )


def _stalled(module: Module, instance: Instance) -> Instant | None:
    generation = module.generations.get(instance.generation)
    phase = generation.phase if generation is not None else None
    return phase.stalled if isinstance(phase, Draining) else None


def _leaking(module: Module, numbers: list[int], seen: Seen) -> Iterator[Reason]:
    for number in numbers:
        leak = module.leaks.get(number)
        if leak is None:
            continue
        earlier = "an earlier load of " if _in_memory(module, number) else ""
        message = f"{earlier}{gen(number)} was retired and left code in memory: {', '.join(leak.parts)}"
        found = seen.holders.get(number)
        holders = tuple(HolderView(one.what, one.stack) for one in found or ())
        if found == ():
            message += "; nobody who holds it was found, it may be gone by now"
        again = f"hotctl why {module.name} {number}"
        yield Reason(
            "Leaked",
            message,
            again,
            LET_GO if holders else None,
            rfc3339(leak.since),
            generation=number,
            holders=holders,
        )


def _in_memory(module: Module, number: int) -> bool:
    generation = module.generations.get(number)
    return generation is not None and generation.in_memory


def _counted(instances: int) -> str:
    return (
        "no instance runs" if not instances else "1 instance runs" if instances == 1 else f"{instances} instances run"
    )


def _age(since: Instant, now: Instant) -> str:
    return format_duration(float(int(max(0.0, now.mono - since.mono))))
