"""What follows from the book and the time alone.

Run after every message and at every deadline, it looks at what is, never at what happened: a missed or doubled
message cannot leave a place empty or a generation forgotten. Run twice, it does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hotd.contract.events import EventName
from hotd.core.adding import depart
from hotd.core.book import Book, Draining, Generation, InLoad, Instance, Module, Standby
from hotd.core.concluding import conclude
from hotd.core.copies import replace
from hotd.core.deploying import expire
from hotd.core.draining import in_phase, leave_memory
from hotd.core.durable import check_silence, durable_deadlines
from hotd.core.effects import AskToEnd, Decision, Effect, Emit
from hotd.core.instances import ask_leaving, calm_at, calmed, patience, start_missing, with_instance
from hotd.core.outcomes import overdue
from hotd.core.pausing import pause_ends, run_out
from hotd.core.permanence import grow_permanent, permanent_at
from hotd.core.rollback import roll_back
from hotd.core.rollouts import advance
from hotd.core.values import Instant
from hotd.core.watch import follow_disk

MOST_RETIRED = 100
"""Retired generations for each module that can still be undone to; with the records their sources go."""


def reconcile(book: Book, now: Instant) -> Decision:
    """The next book and every effect that is due now."""
    book, effects = check_silence(book, now)
    book, more = expire(book, now)
    effects += more
    book, more = run_out(book, now)
    effects += more
    book, more = overdue(book, now)
    effects += more
    for revision in list(book.rollouts):
        # What was waited for may have become durable.
        book, more = conclude(book, revision, now)
        effects += more
    # What makes room, for all modules, comes before what takes it.
    for name in book.modules:
        module, more = _age(book.modules[name], now)
        effects += more
        if book.stopping is None:
            module, more = grow_permanent(module, now)
            effects += more
        book = book.having(_forget_oldest(module))
    for name in book.modules:
        book, more = roll_back(book, book.modules[name], now)
        effects += more
    book, more = advance(follow_disk(book, now), now)
    effects += more
    for name in book.modules:
        book, more = start_missing(book, book.modules[name], now)
        effects += more
    # Who may go depends on who could still be started, in any module.
    for name in book.modules:
        book, more = ask_leaving(book, book.modules[name], now)
        effects += more
    book, more = depart(book, now)
    effects += more
    return Decision(book, tuple(effects))


def next_deadline(book: Book) -> float | None:
    """The monotonic second at which ``reconcile`` has something to do although nothing was heard."""
    return min(_deadlines(book), default=None)


def _deadlines(book: Book) -> Iterator[float]:
    for rollout in book.rollouts.values():
        yield from (member.deadline for member in rollout.members.values() if isinstance(member, InLoad))
    yield from durable_deadlines(book.store)
    yield from pause_ends(book)
    if book.hold is not None:
        yield book.hold.until
    for module in book.modules.values():
        if book.stopping is None and (lasting := permanent_at(module)) is not None:
            yield lasting
        if book.startable(module):
            yield module.pace.not_before
        if (calm := calm_at(module)) is not None:
            yield calm
        for generation in module.loaded:
            if isinstance(generation.phase, Draining) and generation.phase.stalled is None:
                yield generation.phase.deadline
        yield from (instance.deadline for instance in module.awaited)
    if book.stopping is not None:
        yield book.stopping.deadline


# --- one module grows older ------------------------------------------------------------------------------------------


def _age(module: Module, now: Instant) -> tuple[Module, list[Effect]]:
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
    module, more = _retire(module, now)
    return module, [*effects, *more]


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


def _retire(module: Module, now: Instant) -> tuple[Module, list[Effect]]:
    """Keep ``standby`` empty generations, and with those in use not more than ``max_generations``."""
    effects: list[Effect] = []
    waiting = sorted((g.phase.since, g.number) for g in module.loaded if isinstance(g.phase, Standby))
    busy = len(module.loaded) - len(waiting)
    room = max(0, min(module.spec.standby, module.spec.max_generations - busy))
    for _, number in waiting[: max(0, len(waiting) - room)]:
        module, more = leave_memory(module, number, now)
        effects += more
    return module, effects


def _forget_oldest(module: Module) -> Module:
    if len(module.generations) - len(module.loaded) <= MOST_RETIRED:
        return module
    retired = [n for n, g in module.generations.items() if not g.in_memory and n != module.permanent]
    gone = set(retired[: max(0, len(retired) - MOST_RETIRED)])
    if not gone:
        return module
    known = {n: g for n, g in module.generations.items() if n not in gone}
    return replace(module, generations=known, line=tuple(n for n in module.line if n in known))


def _told(event: EventName, module: Module, number: int, message: str) -> Emit:
    return Emit(event, f"{module.name} g{number} {message}", module.name, number)
