"""The swap: what it means for the old generation and the new one."""

from __future__ import annotations

from typing import Any

from hotd.contract.events import EventName
from hotd.core.book import (
    Candidate,
    Current,
    Draining,
    Generation,
    Module,
    Pace,
    Ready,
    Rollout,
    Standby,
    quarantined,
    saw,
    without,
)
from hotd.core.copies import replace
from hotd.core.effects import Effect, Emit, Promote
from hotd.core.values import Instant
from hotd.core.whence import read_for
from hotd.core.wording import gen


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
    return replace(module, generations=generations, current=number, pace=Pace(), trial=None, failed_at_once=0), effects


def numbered(rollout: Rollout, module: Module, ready: Ready, now: Instant) -> Module:
    """The module, which has the candidate among its generations: a new one, or one as what it always was."""
    if module.name in rollout.goals:
        generation = replace(module.generations[ready.number], phase=Candidate(now))
    else:
        cause, actor = rollout.cause, rollout.actor.name
        generation = Generation(
            ready.number, ready.digest, Candidate(now), cause, actor, now, ready.duration_ms, "promoted",
            ready.reloaded, origins=read_for(rollout, module),
        )  # fmt: skip
    return replace(module, generations={**module.generations, ready.number: generation})


def step_forward(rollout: Rollout, module: Module, ready: Ready, now: Instant) -> tuple[Module, list[Effect]]:
    """Swap to what was just loaded."""
    previous = module.current
    if module.name not in rollout.goals:
        module = saw(module, ready.digest, now)
    module, effects = make_current(module, ready.number, now, superseded="superseded")
    line = (*[n for n in module.line if n != ready.number], ready.number)
    on_trial = previous is not None and module.name not in rollout.goals
    module = replace(
        module,
        quarantine=without(module.quarantine, ready.digest),
        reloads=module.reloads + (previous is not None),
        line=line,
        trial=ready.number if on_trial else None,
    )
    told = Emit(
        EventName.RELOAD_PROMOTED,
        f"{module.name} {gen(ready.number)} is current after {ready.duration_ms:.0f} ms"
        + (f", {module.count(previous)} still run g{previous}" if previous and module.count(previous) else ""),
        module.name,
        ready.number,
        actor=rollout.actor.name,
        cause=rollout.cause,
        fields={"previous": previous, "digest": ready.digest, **_executed(ready)},
    )
    return module, [*effects, told]


def _executed(ready: Ready) -> dict[str, Any]:
    return {"reloaded": list(ready.reloaded), "duration_ms": round(ready.duration_ms, 3)}


def bring_back(
    module: Module,
    number: int,
    now: Instant,
    *,
    actor: str,
    cause: str,
    why: str = "undone",
    loaded: Ready | None = None,
) -> tuple[Module, list[Effect]]:
    """Undo: swap to a generation that is in memory, and quarantine what is left, so that the watcher does not redo it.

    It is permanent at once: nobody goes back to what must not last. ``loaded``: it was not in memory until now.
    """
    previous = module.current
    module, effects = make_current(module, number, now, superseded="rolled-back")
    at = module.line.index(number) if number in module.line else len(module.line) - (previous in module.line)
    back = module.generations[number].digest
    module = replace(
        module, permanent=number, line=(*module.line[:at], number), quarantine=without(module.quarantine, back)
    )
    message = f"{module.name} is back to {gen(number)}"
    if previous is not None and (left := module.generations[previous].digest) != back:
        module = quarantined(module, left, why)
        message += f"; {gen(previous)} is quarantined until its content changes"
    told = Emit(
        EventName.MODULE_UNDONE,
        message,
        module.name,
        number,
        actor=actor,
        cause=cause,
        fields={"previous": previous, **(_executed(loaded) if loaded is not None else {})},
    )
    return module, [*effects, told]
