"""The verbs that load nothing: reset, scale, stop, start, restart. Of pause and resume ``pausing`` tells."""

from __future__ import annotations

from collections.abc import Iterable

from hotd.contract import requests
from hotd.contract.errors import Refused, UnknownInstance, UsageError
from hotd.contract.events import EventName
from hotd.contract.nearest import nearest
from hotd.contract.units import format_duration
from hotd.contract.views import Change
from hotd.core.book import Book, Instance, Module, Pace, unknown_module
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit
from hotd.core.rollouts import check_generation
from hotd.core.scaling import leave, scaled, surplus
from hotd.core.values import Actor, Instant
from hotd.core.wording import listed, plain_change, worded


def reset(book: Book, request: requests.Reset, actor: Actor, now: Instant) -> Decision:
    """Back to what hotd.toml says, in all that was decided otherwise since. Raises UnknownModule, GenerationMismatch.

    A pin stays: it is no setting but a lock.
    """
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    said = []
    if module.replicas != module.spec.replicas:
        said.append(f"replicas {module.replicas} -> {module.spec.replicas}")
        module = scaled(module, module.spec.replicas)
    if module.paused:
        said.append("file changes are acted on again")
        module = replace(module, paused=False, paused_until=None)
    if module.stopped:
        said.append("started again")
        module = replace(module, stopped=False, finished=0, pace=Pace())
    note = "; ".join(said) or f"is as {'hotd.toml says' if module.added is None else 'it was added'} already"
    note += f"; still pinned (`hotctl unpin {module.name}`)" if module.pinned else ""
    event = told(EventName.MODULE_RESET, module.name, f"{module.name}: {note}", actor, "reset", request.reason)
    return done(book.having(module), [module.name], note, (event,) if said else ())


def scale(book: Book, request: requests.Scale, actor: Actor, now: Instant) -> Decision:
    """Replicas from now on. Raises UnknownModule, UsageError, GenerationMismatch, Refused."""
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    if request.replicas < 0:
        raise UsageError(f"{request.replicas} replicas make no sense", hint="0 or more")
    if request.replicas > book.max_instances:
        raise Refused(
            f"{request.replicas} replicas are more than max_instances = {book.max_instances} of the whole daemon",
            hint="raise max_instances under [daemon] in hotd.toml",
        )
    before, gone = module, surplus(module, request.replicas)
    module = scaled(module, request.replicas)
    already = before.replicas == request.replicas and not gone
    note = f"replicas {before.replicas}" + (" already" if already else f" -> {request.replicas}")
    if gone:
        note += f"; asked to end: {', '.join(f'{module.name}-{n}' for n in sorted(gone))}"
    if module.stopped and request.replicas:
        note += f"; it is stopped: `hotctl start {module.name}`"
    event = told(EventName.MODULE_SCALED, module.name, f"{module.name}: {note}", actor, "scale", request.reason)
    return done(book.having(module), [module.name], note, () if already else (event,))


def stop(book: Book, request: requests.Stop, actor: Actor, now: Instant) -> Decision:
    """End a module's instances and keep it stopped, or end one instance, which is then replaced.

    Raises UnknownModule, UnknownInstance, GenerationMismatch.
    """
    module, instance = _target(book, request.target)
    check_generation(book, [module.name], request.if_generation)
    if instance is not None:
        return _end_one(book, module, instance, actor, "stop", request.reason)
    already = module.stopped
    module = replace(leave(module, lambda _: True), stopped=True)
    note = "was stopped already" if already else f"stopped until `hotctl start {module.name}`"
    if going := [str(instance.id) for instance in module.instances.values() if instance.counts]:
        patience = format_duration(module.spec.drain_deadline)
        note += f"; {listed(going)} {'has' if len(going) == 1 else 'have'} {patience} to end"
    event = told(EventName.MODULE_STOPPED, module.name, f"{module.name} {note}", actor, "stop", request.reason)
    return done(book.having(module), [module.name], note, () if already else (event,))


def start(book: Book, request: requests.Start, actor: Actor, now: Instant) -> Decision:
    """Host a stopped module again, and fill places whose work was done. Raises UnknownModule, GenerationMismatch."""
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    already = not module.stopped and not module.finished
    module = replace(module, stopped=False, finished=0, pace=Pace())
    note = "was not stopped" if already else f"{module.replicas} replica{'s' * (module.replicas != 1)} from now on"
    if module.current is None:
        note += "; it has no generation yet, nothing can run"
    event = told(EventName.MODULE_STARTED, module.name, f"{module.name} started", actor, "start", request.reason)
    return done(book.having(module), [module.name], note, () if already else (event,))


def restart(book: Book, request: requests.Restart, actor: Actor, now: Instant) -> Decision:
    """Ask instances to end at their next checkpoint; new ones start on current.

    Raises UnknownModule, UnknownInstance, GenerationMismatch.
    """
    module, instance = _target(book, request.target)
    check_generation(book, [module.name], request.if_generation)
    if instance is not None:
        return _end_one(book, module, instance, actor, "restart", request.reason)
    was_stopped = module.stopped
    module = replace(leave(module, lambda i: i.in_place), stopped=False, finished=0, pace=Pace())
    count = len(module.places)
    note = f"{count} instance{'s' * (count != 1)} asked to end at the next checkpoint" if count else "nothing ran"
    if count > module.spec.max_unavailable:
        note += f", {module.spec.max_unavailable} at a time"
    note += "; started again" if was_stopped else ""
    event = told(EventName.MODULE_RESTARTED, module.name, f"{module.name}: {note}", actor, "restart", request.reason)
    return done(book.having(module), [module.name], note, (event,))


def _end_one(book: Book, module: Module, instance: Instance, actor: Actor, verb: str, reason: str) -> Decision:
    number = instance.id.number
    already = instance.leaving
    module = leave(module, lambda i: i.id.number == number)
    note = f"{instance.id} {'was asked already' if already else 'is asked to end at its next checkpoint'}"
    if not instance.on_demand and module.wanted > sum(1 for i in module.places if not i.leaving):
        note += f"; another instance replaces it (`hotctl stop {module.name}` stops the module)"
    event = told(EventName.MODULE_RESTARTED, module.name, note, actor, verb, reason)
    return done(book.having(module), [module.name], note, () if already else (event,))


def _target(book: Book, target: str) -> tuple[Module, Instance | None]:
    """A module's name, or an instance's id (``long_op-7``)."""
    if target in book.modules:
        return book.modules[target], None
    name, _, number = target.rpartition("-")
    if name in book.modules and number.isdecimal():
        # Held against the id as it is written: int() takes other digits too, and not more than 4300 of them.
        instance = next((i for i in book.modules[name].instances.values() if str(i.id) == target), None)
        if instance is None or not instance.counts:
            alive = {str(i.id) for i in book.modules[name].instances.values() if i.counts}
            near = nearest(target, alive)
            hint = f"did you mean {near!r}?" if near else f"alive: {', '.join(sorted(alive)) or 'none'}"
            raise UnknownInstance(f"no instance {target!r} is alive", hint=hint)
        return book.modules[name], instance
    raise unknown_module(target, book.modules)


def told(event: EventName, module: str | None, message: str, actor: Actor, verb: str, reason: str) -> Emit:
    return Emit(event, message, module, actor=actor.name, cause=worded(f"hotctl {verb}", reason))


def done(book: Book, names: Iterable[str], note: str, effects: tuple[Effect, ...]) -> Decision:
    """``unchanged`` where there is nothing to tell: it was so already."""
    outcome = "done" if effects else "unchanged"
    changes = tuple(plain_change(book.modules[name], outcome, note=note) for name in names)
    return Decision(book, effects, Change(None, changes, outcome, note))
