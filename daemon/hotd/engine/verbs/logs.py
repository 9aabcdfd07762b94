"""What instances printed."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.errors import UnknownInstance
from hotd.contract.nearest import nearest
from hotd.contract.requests import LONGEST_WAIT
from hotd.core.book import Module
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Logs, actor: Actor) -> views.Logs:
    module = desk.engine.book.module(request.module)
    if request.instance is not None:
        _check_instance(desk, module, request.instance)
    wait = min(request.max_wait, LONGEST_WAIT)
    limit = min(request.limit, 1000)
    return desk.logs.page(request.module, request.after, limit, wait, request.instance, request.mark)


def _check_instance(desk: Desk, module: Module, instance: str) -> None:
    """Somebody who lives, or who left lines behind. Raises UnknownInstance."""
    alive = [str(one.id) for one in module.instances.values()]
    if instance not in alive and not desk.logs.page(module.name, None, 1, 0.0, instance).lines:
        near = nearest(instance, alive)
        hint = f"did you mean {near!r}?" if near else f"alive: {', '.join(alive) or 'none'}"
        raise UnknownInstance(f"no instance {instance!r} lives or has lines here", hint=hint)
