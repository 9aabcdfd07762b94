"""One module grows older: what becomes of it without any message."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from hotd.contract.events import EventName
from hotd.core.book import Draining, Generation, Instance, Module, Standby
from hotd.core.copies import replace
from hotd.core.counted import counted
from hotd.core.draining import in_phase, leave_memory
from hotd.core.effects import AskToEnd, Effect, Emit
from hotd.core.instances import calm_at, calmed, patience, with_instance
from hotd.core.permanence import permanent_at
from hotd.core.values import Instant

MOST_RETIRED = 100
"""Retired generations for each module that can still be undone to; with the records their sources go."""


@counted
def rests_until(module: Module) -> float:
    """The monotonic second before which nothing becomes of the module by itself: infinity where nothing ever does as it
    is, minus infinity where something does at once."""
    if _drained_ones(module) or _surplus(module) or _forgettable(module):
        return -math.inf
    found = (ages_at(module), permanent_at(module))
    return min([due for due in found if due is not None], default=math.inf)


@counted
def ages_at(module: Module) -> float | None:
    """The monotonic second at which the first deadline of the module passes; None where it has none."""
    deadlines = [instance.deadline for instance in module.awaited]
    for generation in module.loaded:
        phase = generation.phase
        if isinstance(phase, Draining) and phase.stalled is None:
            deadlines.append(phase.deadline)
    if (calm := calm_at(module)) is not None:
        deadlines.append(calm)
    return min(deadlines, default=None)


def age(module: Module, now: Instant) -> tuple[Module, list[Effect]]:
    """draining -> standby -> retired, and the news of whatever is past its deadline."""
    effects: list[Effect] = []
    module = calmed(module, now)
    for instance in module.awaited:
        if instance.deadline <= now.mono:
            module, more = _overstay(module, instance, now)
            effects += more
    for generation in module.loaded:
        number, phase = generation.number, generation.phase
        if isinstance(phase, Draining) and not module.count(number):
            module, more = _drained(module, number, phase, now)
            effects += more
        elif isinstance(phase, Draining) and phase.stalled is None and phase.deadline <= now.mono:
            module, more = _stall(module, generation, phase, now)
            effects += more
    for number in _surplus(module):
        module, more = leave_memory(module, number, now)
        effects += more
    return module, effects


def _overstay(module: Module, instance: Instance, now: Instant) -> tuple[Module, list[Effect]]:
    """It is late, and keeps nobody else from being asked. Of an older generation its drain tells, and what then."""
    module = with_instance(module, replace(instance, stalled=now))
    if instance.generation != module.current:
        return module, []
    message = f"{instance.id} was asked to end and still runs after {patience(module, instance):g} s"
    told = Emit(EventName.GENERATION_STALLED, message, module.name, instance.generation, str(instance.id))
    gives_up = module.spec.after_deadline == "abandon"
    module, effects = _abandon(module, [module.instances[instance.id.number]], now) if gives_up else (module, [])
    return module, [told, *effects]


def _stall(module: Module, generation: Generation, phase: Draining, now: Instant) -> tuple[Module, list[Effect]]:
    held = [i for i in module.instances.values() if i.generation == generation.number and i.counts]
    names = ", ".join(str(i.id) for i in held)
    message = f"still drains past its deadline of {phase.deadline - phase.since.mono:g} s: {names}"
    effects: list[Effect] = [_told(EventName.GENERATION_STALLED, module, generation.number, message)]
    module = in_phase(module, generation.number, replace(phase, stalled=now))
    if not phase.purge and module.spec.after_deadline != "abandon":
        return module, effects
    module, given_up = _abandon(module, held, now)
    module, more = _drained(module, generation.number, phase, now)
    return module, [*effects, *given_up, *more]


def _abandon(module: Module, held: Iterable[Instance], now: Instant) -> tuple[Module, list[Effect]]:
    """Count them no longer."""
    effects: list[Effect] = []
    for instance in held:
        module = replace(with_instance(module, replace(instance, state="abandoned")), tainted=module.tainted or now)
        if instance.state != "stopping":
            # Nobody asked it so far (``on_change = "finish"``). It may be of those that end when asked.
            effects.append(AskToEnd(instance.id))
        effects.append(
            Emit(
                EventName.INSTANCE_ABANDONED,
                f"{instance.id} is abandoned: its thread cannot be ended, it is listed and no longer counted",
                module.name,
                instance.generation,
                str(instance.id),
            )
        )
    return module, effects


def _drained(module: Module, number: int, phase: Draining, now: Instant) -> tuple[Module, list[Effect]]:
    if phase.purge:
        return leave_memory(module, number, now)
    told = _told(EventName.GENERATION_STANDBY, module, number, "has no instance left: standby")
    return in_phase(module, number, Standby(now)), [told]


def _drained_ones(module: Module) -> list[Generation]:
    return [one for one in module.loaded if isinstance(one.phase, Draining) and not module.count(one.number)]


@counted
def _surplus(module: Module) -> tuple[int, ...]:
    """The generations that leave memory, of those that nobody runs: ``standby`` of them stay, and with those in use
    not more than ``max_generations``."""
    waiting = [one for one in module.loaded if isinstance(one.phase, Standby)]
    busy = len(module.loaded) - len(waiting)
    most = max(0, min(module.spec.standby, module.spec.max_generations - busy))
    if len(waiting) <= most:
        return ()
    oldest = sorted((one.phase.since, one.number) for one in waiting)[: len(waiting) - most]
    return tuple(number for _, number in oldest)


@counted
def _forgettable(module: Module) -> frozenset[int]:
    """The oldest of the retired generations, where there are too many of them."""
    many = len(module.generations) - len(module.loaded) - MOST_RETIRED
    if many <= 0:
        return frozenset()
    kept = None if module.permanent is None else module.generations.get(module.permanent)
    if kept is not None and not kept.in_memory:
        many -= 1  # that one stays
    retired = (n for n, g in module.generations.items() if not g.in_memory and n != module.permanent)
    return frozenset(itertools.islice(retired, many))


def forget_oldest(module: Module) -> Module:
    """The module, without the retired generations that are too many."""
    gone = _forgettable(module)
    if not gone:
        return module
    known = {n: g for n, g in module.generations.items() if n not in gone}
    return replace(module, generations=known, line=tuple([n for n in module.line if n in known]))


def _told(event: EventName, module: Module, number: int, message: str) -> Emit:
    return Emit(event, f"{module.name} g{number} {message}", module.name, number)
