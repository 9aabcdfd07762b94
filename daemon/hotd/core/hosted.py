"""Modules that come and go: what they find of an earlier time, and what stays of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotd.contract.errors import Busy
from hotd.contract.events import EventName
from hotd.core.copies import replace
from hotd.core.effects import Emit, Host
from hotd.core.modules import Instance, Leaving, Module, Pace, Retired
from hotd.core.scaling import leave
from hotd.core.values import Actor, Instant, Spec

MOST_NAMED = 5
"""Instances that a sentence names."""


def arrived(spec: Spec, earlier: Module | None, added: Mapping[str, Any] | None = None) -> Module:
    """What was decided about an earlier module of the name is over; its numbers, news and leaks are not."""
    before = earlier or Module(spec, spec.replicas)
    return Module(
        spec,
        spec.replicas,
        added=added,
        generations=before.generations,
        next_instance=before.next_instance,
        rejections=before.rejections,
        leaks=before.leaks,
        left=before.left,
        tainted=before.tainted,
        failures=before.failures,
        errors=before.errors,
    )


def host(module: Module) -> Host:
    """Make room for it; its numbers go on."""
    newest = max(module.generations.values(), key=lambda one: one.number, default=None)
    return Host(module.spec, None if newest is None else (newest.number, newest.digest))


def told_to_go(module: Module, cause: str, actor: Actor, now: Instant) -> tuple[Module, Emit]:
    """The module, which goes with the last of its instances."""
    module = replace(leave(module, lambda _: True), stopped=True, leaving=Leaving(now, actor.name, cause))
    message = f"{module.name} is being removed: {to_end(module)}"
    told = Emit(EventName.MODULE_LEAVING, message, module.name, module.current, actor=actor.name, cause=cause)
    return module, told


def departed(module: Module, now: Instant) -> Module:
    """What is kept in mind of it. What was decided about it is over: it comes back as it is written then."""
    retired = {
        number: replace(one, phase=Retired(now)) if one.in_memory else one for number, one in module.generations.items()
    }
    return replace(
        module, generations=retired, current=None, instances={}, leaving=None, trial=None, pace=Pace(),
        stopped=False, paused=False, paused_until=None, pinned=False, replicas=module.spec.replicas,
    )  # fmt: skip


def refuse_leaving(module: Module) -> None:
    """Nothing else is done to what is on its way out. Raises Busy."""
    if module.leaving is not None:
        raise Busy(
            f"{module.name} is being removed since {module.leaving.actor} said so: {to_end(module)}",
            hint=f"`hotctl remove {module.name}` waits for it",
        )


def to_end(module: Module) -> str:
    alive = [one for one in module.instances.values() if one.counts]
    return f"{named(alive)} to end" if alive else "nobody runs it any more"


def named(instances: list[Instance]) -> str:
    names = ", ".join(str(one.id) for one in instances[:MOST_NAMED])
    more = len(instances) - MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names
