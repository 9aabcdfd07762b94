"""The swap: what it means for the old generation and the new one."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.events import EventName
from hotd.core.book import Current, Draining, Module, Pace, Standby
from hotd.core.effects import Effect, Emit, Promote
from hotd.core.values import Instant


def make_current(module: Module, number: int, now: Instant, *, superseded: str) -> tuple[Module, list[Effect]]:
    """Swap: ``number`` gets every new instance from here on, the old current drains."""
    effects: list[Effect] = [Promote(module.name, number)]
    generations = dict(module.generations)
    old = module.current
    if old is not None and old != number:
        busy = module.count(old)
        if busy:
            phase: Draining | Standby = Draining(now, now.mono + module.spec.drain_deadline)
            event, what = EventName.GENERATION_DRAINING, f"drains: {busy} instance{'s' * (busy != 1)} to end"
        else:
            phase = Standby(now)
            event, what = EventName.GENERATION_STANDBY, "has no instance: standby"
        generations[old] = replace(generations[old], phase=phase, verdict=superseded)
        effects.append(Emit(event, f"{module.name} g{old} {what}", module.name, old))
    generations[number] = replace(generations[number], phase=Current(now), verdict="promoted")
    return replace(module, generations=generations, current=number, pace=Pace()), effects
