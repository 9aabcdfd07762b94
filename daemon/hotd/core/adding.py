"""Modules that come and go while the daemon runs."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import Pinned, Refused, ShuttingDown
from hotd.contract.events import EventName
from hotd.contract.views import Change, ModuleChange, Serving
from hotd.core.book import Book, Module
from hotd.core.copies import replace, without
from hotd.core.effects import Decision, Effect, Emit, Retire, Unhost
from hotd.core.hosted import arrived, departed, host, named, refuse_leaving, to_end, told_to_go
from hotd.core.messages import LoadKind
from hotd.core.rollouts import check_generation, open_rollout
from hotd.core.undoing import refuse_in_flight
from hotd.core.values import Actor, Instant, Spec
from hotd.core.wording import gen, locked, plain_change, worded


def add(book: Book, request: requests.Add, spec: Spec, actor: Actor, now: Instant) -> Decision:
    """Host another module and load it; answers with the revision. What is rejected stays hosted, and heals as any.

    Raises Refused, Busy, Locked, ShuttingDown.
    """
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it hosts nothing new any more")
    _check_free(book, spec)
    if book.hold is not None:
        raise locked(book.hold, now)
    if spec.replicas > book.max_instances:
        raise Refused(
            f"{spec.replicas} replicas are more than max_instances = {book.max_instances} of the whole daemon",
            hint="raise max_instances under [daemon] in hotd.toml",
        )
    said = {"entry": request.entry, **({"roots": list(request.roots)} if request.roots else {}), **request.options}
    module = arrived(spec, book.departed.get(spec.name), said)
    cause = worded("hotctl add", request.reason)
    effects = (
        host(module),
        Emit(EventName.MODULE_ADDED, f"{spec.name} is hosted: {spec.entry}", spec.name, actor=actor.name, cause=cause),
    )
    book = replace(book.having(module), departed=without(book.departed, spec.name))
    rollout = open_rollout(book, [spec.name], LoadKind.STAGE, cause=cause, actor=actor, now=now)
    return Decision(rollout.book, effects, rollout.answer)


def _check_free(book: Book, spec: Spec) -> None:
    known = book.modules.get(spec.name)
    if known is None:
        return
    refuse_leaving(known)
    if known.added is None:
        raise Refused(f"{spec.name} stands in hotd.toml already", hint="give the new one another name")
    raise Refused(f"{spec.name} was added already: {known.spec.entry}", hint=f"`hotctl remove {spec.name}` first")


def remove(book: Book, request: requests.Remove, actor: Actor, now: Instant) -> Decision:
    """Ask all instances of a module that was added to end; with the last of them it goes. One that is gone is gone.

    Raises UnknownModule, GenerationMismatch, Pinned, Busy, Locked, Refused.
    """
    if request.module in book.departed:
        return Decision(book, (), gone(request.module, None))
    module = book.module(request.module)
    if module.leaving is not None:
        return Decision(book, (), going(module))
    check_generation(book, [module.name], request.if_generation)
    if module.added is None:
        raise Refused(
            f"{module.name} stands in hotd.toml, a start would host it again",
            hint=f"take it out there; until the next start, `hotctl stop {module.name}`",
        )
    refuse_in_flight(book, module, "remove")
    if (hold := book.deployed(module)) is not None:
        raise locked(hold, now)
    if module.pinned:
        raise Pinned(f"{module.name} is pinned", hint=f"`hotctl unpin {module.name}`, then remove it")
    cause = worded("hotctl remove", request.reason)
    module, told = told_to_go(module, cause, actor, now)
    return Decision(book.having(module), (told,), going(module))


def going(module: Module) -> Change:
    """What is told while it drains."""
    note = f"{to_end(module)}; then it goes (`hotctl why {module.name}` tells what they do)"
    return Change(None, (plain_change(module, "in-flight", note=note),), "in-flight", note)


def gone(name: str, previous: int | None) -> Change:
    """What is told when it has gone."""
    note = "is hosted no more; its history and its numbers stay"
    change = ModuleChange(name, "done", None, previous, (), Serving(0, 0), 0.0, note=note)
    return Change(None, (change,), "done", note)


def depart(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """Let go of those whose instances have ended: their generations leave memory, and what is kept of them stays."""
    effects: list[Effect] = []
    for name, module in book.modules.items():
        if module.leaving is None or module.alive or any(name in one.members for one in book.rollouts.values()):
            # A rollout speaks of all its members when it is over, also of those whose part was over before.
            continue
        loaded = [generation.number for generation in module.loaded]
        effects += [Unhost(name), *(Retire(name, number) for number in loaded)]
        message = f"{name} is hosted no more" + (f"; it was at {gen(module.current)}" if module.current else "")
        if abandoned := list(module.instances.values()):
            message += f"; abandoned, and running for all that is known: {named(abandoned)}"
        effects.append(
            Emit(EventName.MODULE_REMOVED, message, name, module.current, None, module.leaving.actor,
                 module.leaving.cause)
        )  # fmt: skip
        book = replace(
            book, modules=without(book.modules, name), departed={**book.departed, name: departed(module, now)}
        )
    return book, effects


def check_stays(book: Book, request: requests.Request) -> None:
    """That no module which the request would change is on its way out. Raises Busy."""
    named = getattr(request, "module", None), getattr(request, "target", None), *getattr(request, "modules", ())
    for name in named:
        if name in book.modules and not isinstance(request, requests.Remove):
            refuse_leaving(book.modules[name])
