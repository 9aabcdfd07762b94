"""Every instance with its generation, age and progress."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import instance_views
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Instances, actor: Actor) -> views.Instances:
    book, now = desk.engine.book, desk.clock.now()
    chosen = [book.module(request.module)] if request.module else list(book.modules.values())
    shown = [view for module in chosen for view in instance_views(module, now, desk.executor.progress)]
    return views.Instances(tuple(shown))
