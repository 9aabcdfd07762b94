"""Instances: born when a place is free, replaced when they end, asked to end a few at a time."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.events import EventName
from hotd.core.arguments import fill
from hotd.core.book import (
    Book,
    FailureRecord,
    Instance,
    Module,
    Pace,
    bounded,
    error_of,
    without,
)
from hotd.core.effects import AskToEnd, Decision, Effect, Emit, StartInstance
from hotd.core.messages import InstanceEnded, InstanceEvent, InstanceFailed, InstanceSpec, InstanceStarted
from hotd.core.outcomes import MOST_FAILURES
from hotd.core.values import Failure, InstanceId, Instant

QUICK = 1.0
"""Seconds; an instance that ends sooner ended too fast, however it ended."""
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
            return _started(book, module, instance)
        case InstanceEnded():
            return _ended(book, module, instance, None, now)
        case InstanceFailed():
            return _ended(book, module, instance, event.failure, now)


def _started(book: Book, module: Module, instance: Instance) -> Decision:
    if instance.state != "starting":
        return Decision(book)
    told = Emit(
        EventName.INSTANCE_STARTED,
        f"{instance.id} runs g{instance.generation}",
        module.name,
        instance.generation,
        str(instance.id),
    )
    return Decision(book.having(with_instance(module, replace(instance, state="running"))), (told,))


def _ended(book: Book, module: Module, instance: Instance, failure: Failure | None, now: Instant) -> Decision:
    lived = now.mono - instance.started.mono
    asked = instance.state in ("stopping", "abandoned")
    module = replace(module, instances=without(module.instances, instance.id.number))
    if failure is not None:
        record = FailureRecord(now, instance.generation, str(instance.id), error_of(failure))
        module = replace(module, failures=bounded(module.failures, record, MOST_FAILURES), errors=module.errors + 1)
    if not asked:
        finished = module.spec.restart == "never" or (module.spec.restart == "on-failure" and failure is None)
        module = replace(module, finished=module.finished + finished, pace=_paced(module.pace, lived, failure, now))
    if failure is None:
        how = "ended as asked" if asked else "ended"
        event, message = EventName.INSTANCE_ENDED, f"{instance.id} {how} on g{instance.generation} after {lived:.1f} s"
    else:
        event = EventName.INSTANCE_FAILED
        place = f" ({failure.file}:{failure.line})" if failure.file else ""
        message = f"{instance.id} failed on g{instance.generation}: {failure.kind}: {failure.message}{place}"
    told = Emit(event, message, module.name, instance.generation, str(instance.id), fields={"lived_s": round(lived, 3)})
    return Decision(book.having(module), (told,))


def _paced(pace: Pace, lived: float, failure: Failure | None, now: Instant) -> Pace:
    if lived >= QUICK:
        return Pace()
    pause = min(FIRST_PAUSE * 2.0 ** min(pace.quick_ends, 20), LONGEST_PAUSE)
    return Pace(pace.quick_ends + 1, now.mono + pause, failure is not None)


# --- reconciling -----------------------------------------------------------------------------------------------------


def wanted(module: Module) -> int:
    """How many instances there should be on current when nothing stands in the way."""
    if module.stopped or module.current is None:
        return 0
    return max(0, module.replicas - module.finished)


def shortfall(module: Module) -> int:
    """How many may start now: old and new together are never more than replicas + surge."""
    want = wanted(module)
    return max(0, min(want - module.on_current, want + module.spec.surge - module.alive))


def start_missing(book: Book, module: Module, now: Instant) -> tuple[Book, list[Effect]]:
    """Fill the free places of one module, within ``max_instances`` of the daemon and its own pace."""
    if book.stopping is not None or module.current is None or now.mono < module.pace.not_before:
        return book, []
    effects: list[Effect] = []
    for _ in range(min(shortfall(module), book.max_instances - book.alive)):
        instance = Instance(InstanceId(module.name, module.next_instance), module.current, "starting", now)
        number = instance.id.number
        effects.append(
            StartInstance(
                InstanceSpec(
                    instance.id,
                    module.current,
                    module.generations[module.current].digest,
                    tuple(fill(arg, number) for arg in module.spec.args),
                    {key: fill(value, number) for key, value in module.spec.kwargs.items()},
                    module.spec.stop_method,
                )
            )
        )
        module = replace(with_instance(module, instance), next_instance=number + 1)
    return (book.having(module), effects) if effects else (book, effects)


def ask_leaving(book: Book, module: Module) -> tuple[Book, list[Effect]]:
    """Ask those that shall end, at most ``max_unavailable`` at a time; all at once where nobody replaces them."""
    effects: list[Effect] = []
    everybody = module.stopped or book.stopping is not None
    asked = sum(1 for instance in module.instances.values() if instance.state == "stopping")
    for instance in module.instances.values():
        if instance.leaving and instance.state in ("starting", "running"):
            if asked >= module.spec.max_unavailable and not everybody:
                break
            asked += 1
            module = with_instance(module, replace(instance, state="stopping"))
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
    return (book.having(module), effects) if effects else (book, effects)


def with_instance(module: Module, instance: Instance) -> Module:
    return replace(module, instances={**module.instances, instance.id.number: instance})
