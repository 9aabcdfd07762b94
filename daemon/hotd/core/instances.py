"""Instances: born when a place is free, replaced when they end, asked to end a few at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from hotd.contract.events import EventName
from hotd.contract.views import ErrorView
from hotd.core.arguments import fill
from hotd.core.book import (
    Book,
    Current,
    FailureRecord,
    Instance,
    Module,
    Pace,
    bounded,
    without,
)
from hotd.core.copies import replace
from hotd.core.counted import counted
from hotd.core.effects import AskToEnd, Decision, Effect, Emit, StartInstance
from hotd.core.messages import InstanceEnded, InstanceEvent, InstanceFailed, InstanceSpec, InstanceStarted
from hotd.core.modules import Ended
from hotd.core.outcomes import MOST_FAILURES
from hotd.core.values import Failure, InstanceId, Instant

CRASHES = 3
"""Quick ends in a row, the last a failure, that make a crash loop."""
QUICK = 1.0
"""Seconds; an instance that ends sooner ended too fast, however it ended."""
MOST_ENDED = 100
"""Of each module's instances on demand; who waits for an older one is told that it is not known."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
"""Seconds before the replacement of the first quick end, doubling up to the longest."""


def reported(book: Book, event: InstanceEvent, now: Instant) -> Decision:
    """What an executor says of an instance. Events of instances no longer known (abandoned ones) change nothing."""
    module = book.modules.get(event.id.module)
    instance = module.instances.get(event.id.number) if module else None
    if module is None or instance is None:
        return Decision(book)
    match event:
        case InstanceStarted():
            return _started(book, module, instance, now)
        case InstanceEnded():
            return _ended(book, module, instance, None, now)
        case InstanceFailed():
            return _ended(book, module, instance, event.failure, now)
        case _:
            assert_never(event)


def _started(book: Book, module: Module, instance: Instance, now: Instant) -> Decision:
    if instance.state != "starting":
        return Decision(book)
    told = Emit(
        EventName.INSTANCE_STARTED,
        f"{instance.id} runs g{instance.generation}",
        module.name,
        instance.generation,
        str(instance.id),
    )
    module = with_instance(module, replace(instance, state="running"))
    return Decision(book.having(_served(module, instance.generation, now)), (told,))


def _served(module: Module, number: int, since: Instant | None) -> Module:
    """The module, in which somebody runs that generation, and did so before; or in which it only crashes."""
    generation = module.generations[number]
    phase = generation.phase
    if not isinstance(phase, Current) or (phase.served is not None and since is not None):
        return module
    served = replace(generation, phase=replace(phase, served=since))
    return replace(module, generations={**module.generations, number: served})


def _ended(book: Book, module: Module, instance: Instance, failure: Failure | None, now: Instant) -> Decision:
    lived = now.mono - instance.started.mono
    asked = instance.state in ("stopping", "abandoned")
    module = calmed(module, now)
    module = replace(module, instances=without(module.instances, instance.id.number))
    if failure is not None:
        record = FailureRecord(now, instance.generation, str(instance.id), _error_of(failure))
        module = replace(module, failures=bounded(module.failures, record, MOST_FAILURES), errors=module.errors + 1)
    if instance.on_demand:
        over = Ended(instance, now, failure is not None)
        module = replace(module, ended=bounded(module.ended, over, MOST_ENDED))
    elif not asked:
        finished = module.spec.restart == "never" or (module.spec.restart == "on-failure" and failure is None)
        module = replace(module, finished=module.finished + finished)
    if instance.generation == module.trial and not asked:
        at_once = failure is not None and lived < QUICK
        trial, failed = (module.trial, module.failed_at_once + 1) if at_once else (None, 0)
        module = replace(module, trial=trial, failed_at_once=failed)
    if not asked and not instance.on_demand and lived < QUICK and instance.generation == module.current:
        module = replace(module, pace=_slower(module.pace, failure, now))
        if is_crashing(module):
            module = _served(module, instance.generation, None)
    if failure is None:
        how = "ended as asked" if asked else "ended"
        event, message = EventName.INSTANCE_ENDED, f"{instance.id} {how} on g{instance.generation} after {lived:.1f} s"
    else:
        event = EventName.INSTANCE_FAILED
        place = f" ({failure.file}:{failure.line})" if failure.file else ""
        message = f"{instance.id} failed on g{instance.generation}: {failure.kind}: {failure.message}{place}"
    told = Emit(event, message, module.name, instance.generation, str(instance.id), fields={"lived_s": round(lived, 3)})
    return Decision(book.having(module), (told,))


def _error_of(failure: Failure) -> ErrorView:
    message = f"{failure.kind}: {failure.message}" if failure.message else failure.kind
    return ErrorView("raised", message, None, failure.file, failure.line, failure.traceback)


def _slower(pace: Pace, failure: Failure | None, now: Instant) -> Pace:
    pause = min(FIRST_PAUSE * 2.0 ** min(pace.quick_ends, 20), LONGEST_PAUSE)
    return Pace(pace.quick_ends + 1, now.mono + pause, failure is not None)


# --- reconciling -----------------------------------------------------------------------------------------------------


@counted
def calm_at(module: Module) -> float | None:
    """When the quick ends are forgotten: every place is filled, and nobody in one is younger than ``QUICK``."""
    if not module.pace.quick_ends or module.shortfall:
        return None
    return max((i.started.mono + QUICK for i in module.places), default=0.0)


def is_crashing(module: Module) -> bool:
    """Whether its instances fail one after the other, each within a second."""
    return module.pace.failing and module.pace.quick_ends >= CRASHES


def calmed(module: Module, now: Instant) -> Module:
    """The module, which has forgotten its quick ends where that may be."""
    calm = calm_at(module)
    return replace(module, pace=Pace()) if calm is not None and calm <= now.mono else module


def start_missing(book: Book, module: Module, now: Instant) -> tuple[Book, list[Effect]]:
    """Fill the free places of one module, within ``max_instances`` of the daemon and its own pace."""
    effects: list[Effect] = []
    if module.current is None or now.mono < module.pace.not_before:
        return book, effects
    for _ in range(book.startable(module)):
        module, effect = born(module, module.current, now)
        effects.append(effect)
    return book.having(module), effects


def born(
    module: Module,
    generation: int,
    now: Instant,
    args: tuple[Any, ...] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    on_demand: bool = False,
) -> tuple[Module, StartInstance]:
    """One instance more; with the module's own arguments where none are given."""
    instance = Instance(InstanceId(module.name, module.next_instance), generation, "starting", now, on_demand=on_demand)
    number = instance.id.number
    spec = InstanceSpec(
        instance.id,
        generation,
        module.generations[generation].digest,
        tuple(fill(arg, number) for arg in module.spec.args) if args is None else args,
        {key: fill(value, number) for key, value in module.spec.kwargs.items()} if kwargs is None else kwargs,
        module.spec.stop_method,
    )
    return replace(with_instance(module, instance), next_instance=number + 1), StartInstance(spec)


def ask_leaving(book: Book, module: Module, now: Instant) -> tuple[Book, list[Effect]]:
    """Ask those that shall end: at once where nobody replaces them, else as ``max_unavailable`` allows."""
    effects: list[Effect] = []
    for instance in module.unasked:
        if _may_go(book, module):
            deadline = now.mono + patience(module, instance)
            module = with_instance(module, replace(instance, state="stopping", deadline=deadline))
            book = book.having(module)
            effects.append(AskToEnd(instance.id))
            effects.append(
                Emit(
                    EventName.INSTANCE_STOPPING,
                    f"{instance.id} is asked to end at its next checkpoint",
                    module.name,
                    instance.generation,
                    str(instance.id),
                )
            )
    return book, effects


def patience(module: Module, instance: Instance) -> float:
    """Seconds that it has to end."""
    return module.spec.drain_deadline if instance.patience is None else instance.patience


def _may_go(book: Book, module: Module) -> bool:
    """Whether one more may be asked: whoever nobody replaces, and as many others as may be missing at once.

    Places that ``max_instances`` leaves empty are not missing for that, nor is whoever did not end in time: it stays,
    and keeps nobody else.
    """
    asked = sum(1 for instance in module.places if instance.state == "stopping" and instance.stalled is None)
    missing = min(module.wanted - (len(module.places) - asked), asked + book.startable(module))
    return book.stopping is not None or missing < module.spec.max_unavailable


def with_instance(module: Module, instance: Instance) -> Module:
    return replace(module, instances={**module.instances, instance.id.number: instance})
