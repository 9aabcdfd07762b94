"""Load what is on disk and make it current."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.rollouts import request_reload
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Reload, actor: Actor) -> views.Change:
    return desk.roll_out(lambda book, now: request_reload(book, request, actor, now), request.max_wait)
