"""Instances that somebody asks for one by one: beside the replicas, with arguments of their own, never replaced."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import Refused, ShuttingDown
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core.book import Book
from hotd.core.copies import replace
from hotd.core.effects import Decision, Emit
from hotd.core.instances import born
from hotd.core.loads import at_most
from hotd.core.rollouts import check_generation
from hotd.core.values import Actor, Instant
from hotd.core.wording import plain_change, worded


def run(book: Book, request: requests.Run, actor: Actor, now: Instant) -> Decision:
    """One instance more, on current, beside the replicas.

    Raises UnknownModule, GenerationMismatch, TooManyInstances, and Refused where nothing is loaded, the module is
    stopped, or the daemon is ending.
    """
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it starts nothing any more")
    if module.current is None:
        raise Refused(f"{module.name} has no generation that could run", hint=f"`hotctl status {module.name}` says why")
    if module.stopped:
        raise Refused(f"{module.name} is stopped", hint=f"`hotctl start {module.name}`")
    if (full := at_most(book)) is not None:
        raise full
    given = request.args is not None or request.kwargs is not None
    args, kwargs = (request.args or (), request.kwargs or {}) if given else (None, None)
    module, effect = born(module, module.current, now, args, kwargs, on_demand=True)
    name = str(effect.spec.id)
    note = f"{name} runs g{module.current}"
    told = Emit(
        EventName.INSTANCE_REQUESTED, f"{name} is started on demand", module.name, module.current, name,
        actor.name, worded("hotctl run", request.reason),
    )  # fmt: skip
    change = replace(plain_change(module, "done", note=note), instance=name)
    return Decision(book.having(module), (told, effect), Change(None, (change,), "done", note))
