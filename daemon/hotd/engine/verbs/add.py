"""Host another module."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import adding
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Add, actor: Actor) -> views.Change:
    spec = desk.adding.spec(request, actor)
    # Before the first load: what changes while that reads the files must not go unseen.
    with desk.adding.coming(spec.watched):
        return desk.roll_out(lambda book, now: adding.add(book, request, spec, actor, now), request.max_wait)
