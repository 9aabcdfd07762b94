"""Which generation a start of the daemon loads: what has served for a while, or what somebody chose."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.book import Current, Module
from hotd.core.copies import replace, without
from hotd.core.counted import counted
from hotd.core.effects import Effect, Emit
from hotd.core.values import Instant
from hotd.core.wording import gen


@counted
def permanent_at(module: Module) -> float | None:
    """The monotonic second at which current has served for ``auto_permanent``; None while it does not serve.

    What nobody runs although somebody should does not serve, and what fails again and again begins anew.
    """
    if module.current is None or module.current == module.permanent:
        return None
    phase = module.generations[module.current].phase
    assert isinstance(phase, Current), "current is in that phase"
    idle = not module.wanted
    if not idle and not module.on_current:
        return None
    since = phase.since if idle else phase.served
    return None if since is None else since.mono + module.spec.auto_permanent


def grow_permanent(module: Module, now: Instant) -> tuple[Module, list[Effect]]:
    """Make current permanent where it is time for that."""
    due = permanent_at(module)
    if due is None or due > now.mono:
        return module, []
    message = f"{module.name} {gen(module.current)} has served for {module.spec.auto_permanent:g} s: it is permanent"
    told = Emit(EventName.MODULE_PERMANENT, message, module.name, module.current)
    return made_permanent(module), [told]


def made_permanent(module: Module) -> Module:
    """The module, whose current generation is what the next start loads; it did not die of that one."""
    assert module.current is not None, "whoever has no generation is not asked for it"
    digest = module.generations[module.current].digest
    return replace(module, permanent=module.current, deaths=without(module.deaths, digest))
