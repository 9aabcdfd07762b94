"""Every instance with its generation, age and progress."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.errors import UnknownInstance
from hotd.contract.nearest import nearest
from hotd.contract.requests import LONGEST_WAIT
from hotd.core.book import Book
from hotd.core.picture import ended_view, instance_views
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Instances, actor: Actor) -> views.Instances:
    if request.instance is not None:
        return views.Instances((_one(desk, request.instance, request.max_wait),))
    book, now = desk.engine.book, desk.clock.now()
    chosen = [book.module(request.module)] if request.module else list(book.modules.values())
    shown = [view for module in chosen for view in instance_views(module, now, desk.executor.progress)]
    return views.Instances(tuple(shown))


def _one(desk: Desk, instance: str, max_wait: float) -> views.InstanceView:
    """The instance when it has ended, or as it is after ``max_wait`` seconds."""
    desk.engine.wait_for(
        lambda book: True if _alive(desk, book, instance) is None else None, min(max_wait, LONGEST_WAIT)
    )
    book = desk.engine.book
    found = _alive(desk, book, instance)
    if found is None:
        ended = (ended_view(module, instance) for module in (*book.modules.values(), *book.departed.values()))
        found = next((view for view in ended if view is not None), None)
    if found is None:
        alive = [str(one.id) for module in book.modules.values() for one in module.instances.values()]
        near = nearest(instance, alive)
        hint = f"did you mean {near!r}?" if near else f"alive: {', '.join(alive) or 'none'}"
        raise UnknownInstance(f"no instance {instance!r} is alive, nor remembered as one on demand", hint=hint)
    return found


def _alive(desk: Desk, book: Book, instance: str) -> views.InstanceView | None:
    for module in book.modules.values():
        for one in module.instances.values():
            if str(one.id) == instance:
                views_of = instance_views(module, desk.clock.now(), desk.executor.progress)
                return next(view for view in views_of if view.id == instance)
    return None
