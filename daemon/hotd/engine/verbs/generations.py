"""Every known generation of a module, newest first."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import generation_views
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Generations, actor: Actor) -> views.Generations:
    module = desk.engine.book.module(request.module)
    return views.Generations(module.name, generation_views(desk.engine.book, module))
