"""Load aside, run the checks, throw away."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.rollouts import request_check
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Check, actor: Actor) -> views.Change:
    return desk.roll_out(lambda book, now: request_check(book, request, actor, now), request.max_wait)
