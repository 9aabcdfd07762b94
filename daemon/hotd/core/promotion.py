"""The swap: what it means for the old generation, the new one and their instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hotd.contract.events import EventName
from hotd.core.book import Current, Draining, Instance, Module, Pace, Standby
from hotd.core.effects import Effect, Emit, Promote
from hotd.core.values import Instant


def make_current(module: Module, number: int, now: Instant, *, superseded: str) -> tuple[Module, list[Effect]]:
    """Swap: ``number`` gets every new instance from here on, the old current drains."""
    effects: list[Effect] = [Promote(module.name, number)]
    generations = dict(module.generations)
    old = module.current
    if old is not None and old != number:
        busy = module.count(old)
        phase = Draining(now, now.mono + module.spec.drain_deadline) if busy else Standby(now)
        generations[old] = replace(generations[old], phase=phase, verdict=superseded)
        if busy:
            many = f"{busy} instance{'s' * (busy != 1)}"
            effects.append(
                Emit(EventName.GENERATION_DRAINING, f"{module.name} g{old} drains: {many} to end", module.name, old)
            )
    generations[number] = replace(generations[number], phase=Current(now), verdict="promoted")
    instances: Mapping[int, Instance] = module.instances
    if module.spec.on_change == "stop":
        instances = {
            n: replace(instance, leaving=instance.leaving or instance.generation != number)
            for n, instance in instances.items()
        }
    module = replace(module, generations=generations, current=number, instances=instances, pace=Pace())
    return module, effects
