"""The end of an ``apply``: with its rollout all of hotd.toml takes effect, or nothing does."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.book import Book, Module, Rollout
from hotd.core.configuration import ConfigPlan, ConfigState
from hotd.core.copies import replace, without
from hotd.core.effects import Effect, Emit, Respecify, Unhost
from hotd.core.hosted import departed, told_to_go
from hotd.core.scaling import scaled
from hotd.core.values import Instant, Spec


def take_effect(book: Book, rollout: Rollout, plan: ConfigPlan, now: Instant) -> tuple[Book, list[Effect]]:
    """Every candidate is current by now. Who is removed is asked to end, and goes with the last instance."""
    actor, cause = rollout.actor, rollout.cause
    effects: list[Effect] = []
    for spec in plan.added:
        message = f"{spec.name} is hosted: {spec.entry}"
        effects.append(Emit(EventName.MODULE_ADDED, message, spec.name, actor=actor.name, cause=cause))
    effects += [Respecify(spec, entered=True) for spec in plan.changed]
    for spec in plan.changed:
        book = book.having(_respecified(book.modules[spec.name], spec))
    for name in plan.removed:
        if name in book.modules and book.modules[name].leaving is None:
            module, told = told_to_go(book.modules[name], cause, actor, now)
            book = book.having(module)
            effects.append(told)
    most = plan.settings.get("daemon.max_instances", book.max_instances)
    watches = plan.settings.get("watch.enabled", book.watches)
    restart = (plan.needs_restart, now) if plan.needs_restart else None
    if restart and book.config.restart and restart[0] == book.config.restart[0]:
        restart = book.config.restart
    book = replace(book, max_instances=most, watches=watches, config=ConfigState(None, restart))
    if plan.told:
        fields = {"settings": [f"{one.key} ({one.effect})" for one in plan.told]}
        message = f"hotd.toml is applied: {summary(plan)}"
        effects.append(Emit(EventName.CONFIG_APPLIED, message, actor=actor.name, cause=cause, fields=fields))
    return book, effects


def call_off(book: Book, rollout: Rollout, plan: ConfigPlan, now: Instant) -> tuple[Book, list[Effect]]:
    """Something was rejected, or refused: nothing of the plan was done, and what was made ready for it goes."""
    effects: list[Effect] = []
    for spec in plan.added:
        module = book.modules[spec.name]
        effects.append(Unhost(spec.name))
        book = replace(
            book,
            modules=without(book.modules, spec.name),
            departed={**book.departed, spec.name: departed(module, now)},
        )
    effects += [Respecify(book.modules[one.name].spec, entered=False) for one in plan.changed]
    if not plan.told:
        return book, effects  # what was on disk could not be loaded, and that says so itself
    message = f"revision {rollout.revision} failed (`hotctl outcome {rollout.revision}` tells why); nothing was changed"
    said = f"hotd.toml is not applied: {message}"
    effects.append(Emit(EventName.CONFIG_REJECTED, said, actor=rollout.actor.name, cause=rollout.cause))
    return replace(book, config=replace(book.config, rejected=(message, now))), effects


def summary(plan: ConfigPlan) -> str:
    """``2 modules added, 1 removed, 3 settings changed; a restart is needed for daemon.state_dir``."""
    settings = sum(one.effect in ("now", "new-instances") for one in plan.told)
    counts = (len(plan.added), "added"), (len(plan.removed), "removed")
    parts = [f"{number} {what}" for number, what in counts if number]
    if parts:
        number, _, what = parts[0].partition(" ")
        parts[0] = f"{number} module{'s' * (number != '1')} {what}"
    parts += [f"{settings} setting{'s' * (settings != 1)} changed"] if settings else []
    text = ", ".join(parts) or "nothing that takes effect now"
    return text + (f"; a restart is needed for {', '.join(plan.needs_restart)}" if plan.needs_restart else "")


def _respecified(module: Module, spec: Spec) -> Module:
    """The module as hotd.toml has it now; what was decided at run time stays decided."""
    overridden = module.replicas != module.spec.replicas
    module = replace(module, spec=spec)
    if spec.restart == "always":
        module = replace(module, finished=0)
    return module if overridden else scaled(module, spec.replicas)
