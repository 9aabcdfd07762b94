"""What holds up every drain."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.reasons import Seen, blockers, blocking
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Blocking, actor: Actor) -> views.Blocking:
    book, now = desk.engine.book, desk.clock.now()
    modules = [book.module(request.module)] if request.module else list(book.modules.values())
    held = [instance for module in modules for instance in blockers(module, None)]
    stacks = {one.id: stack for one in held if (stack := desk.executor.stack(one.id)) is not None}
    return blocking(modules, now, Seen(stacks))
