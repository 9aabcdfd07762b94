"""What follows from the book and the time alone.

Run after every message and at every deadline, it looks at what is, never at what happened: a missed or doubled
message cannot leave a place empty or a generation forgotten.
"""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.events import EventName
from hotd.core.book import Book, Draining, Generation, InLoad, Module, Retired, Standby
from hotd.core.effects import Decision, Effect, Emit, Retire
from hotd.core.instances import ask_leaving, shortfall, start_missing
from hotd.core.outcomes import overdue
from hotd.core.rollouts import advance
from hotd.core.values import Instant
from hotd.core.watch import follow_disk

MOST_RETIRED = 100
"""Records of retired generations kept for each module."""


def reconcile(book: Book, now: Instant) -> Decision:
    """The next book and every effect that is due now."""
    effects: list[Effect] = []
    book, more = overdue(book, now)
    effects += more
    book, more = advance(follow_disk(book, now), now)
    effects += more
    for name in book.modules:
        book, due = _tend(book, book.modules[name], now)
        effects += due
    return Decision(book, tuple(effects))


def next_deadline(book: Book) -> float | None:
    """The monotonic second at which ``reconcile`` has something to do although nothing was heard."""
    due: list[float] = []
    for rollout in book.rollouts.values():
        due += [member.deadline for member in rollout.members.values() if isinstance(member, InLoad)]
    for module in book.modules.values():
        if module.pace.not_before and book.stopping is None and shortfall(module):
            due.append(module.pace.not_before)
        for generation in module.loaded:
            if isinstance(generation.phase, Draining) and not generation.phase.stalled:
                due.append(generation.phase.deadline)
    if book.stopping is not None:
        due.append(book.stopping.deadline)
    return min(due, default=None)


def _tend(book: Book, module: Module, now: Instant) -> tuple[Book, list[Effect]]:
    effects: list[Effect] = []
    if any(isinstance(g.phase, (Draining, Standby)) for g in module.generations.values()):
        module, effects = _age(module, now)
        book = book.having(module)
    book, asked = ask_leaving(book, module)
    book, started = start_missing(book, book.modules[module.name], now)
    return book, [*effects, *asked, *started]


def _age(module: Module, now: Instant) -> tuple[Module, list[Effect]]:
    """draining -> standby -> retired, and the news of a drain past its deadline."""
    effects: list[Effect] = []
    for generation in list(module.generations.values()):
        phase = generation.phase
        if isinstance(phase, Draining) and not module.count(generation.number):
            module = _in_phase(module, generation, Standby(now))
            effects.append(_told(EventName.GENERATION_STANDBY, module, generation, "has no instance left: standby"))
        elif isinstance(phase, Draining) and not phase.stalled and phase.deadline <= now.mono:
            module, more = _stall(module, generation, phase)
            effects += more
    waiting = sorted((g.phase.since, g.number) for g in module.generations.values() if isinstance(g.phase, Standby))
    for _, number in waiting[: max(0, len(waiting) - module.spec.standby)]:
        generation = module.generations[number]
        module = _in_phase(module, generation, Retired(now))
        module = replace(module, line=tuple(n for n in module.line if n != number))
        effects.append(Retire(module.name, number))
        effects.append(_told(EventName.GENERATION_RETIRED, module, generation, "is retired from memory"))
    return _forget_oldest(module), effects


def _stall(module: Module, generation: Generation, phase: Draining) -> tuple[Module, list[Effect]]:
    held = [i for i in module.instances.values() if i.generation == generation.number and i.counts]
    names = ", ".join(str(i.id) for i in held)
    message = f"still drains past its deadline of {module.spec.drain_deadline:g} s: {names}"
    effects: list[Effect] = [_told(EventName.GENERATION_STALLED, module, generation, message)]
    module = _in_phase(module, generation, replace(phase, stalled=True))
    if module.spec.after_deadline == "abandon":
        for instance in held:
            instances = {**module.instances, instance.id.number: replace(instance, state="abandoned")}
            module = replace(module, instances=instances)
            effects.append(
                Emit(
                    EventName.INSTANCE_ABANDONED,
                    f"{instance.id} is abandoned: its thread cannot be ended, it is listed and no longer counted",
                    module.name,
                    generation.number,
                    str(instance.id),
                )
            )
    return module, effects


def _forget_oldest(module: Module) -> Module:
    retired = [number for number, g in module.generations.items() if not g.in_memory]
    gone = set(retired[: max(0, len(retired) - MOST_RETIRED)])
    if not gone:
        return module
    return replace(module, generations={n: g for n, g in module.generations.items() if n not in gone})


def _in_phase(module: Module, generation: Generation, phase: Draining | Standby | Retired) -> Module:
    changed = replace(generation, phase=phase)
    return replace(module, generations={**module.generations, generation.number: changed})


def _told(event: EventName, module: Module, generation: Generation, message: str) -> Emit:
    return Emit(event, f"{module.name} g{generation.number} {message}", module.name, generation.number)
