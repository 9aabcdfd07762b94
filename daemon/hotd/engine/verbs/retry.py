"""Try once more what was refused."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import staging
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Retry, actor: Actor) -> views.Change:
    return desk.roll_out(lambda book, now: staging.retry(book, request, actor, now), request.max_wait)
