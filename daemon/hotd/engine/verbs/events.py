"""A page of the event stream."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.requests import LONGEST_WAIT
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Events, actor: Actor) -> views.Events:
    if request.module:
        desk.engine.book.module(request.module)
    limit, wait = min(request.limit, 1000), min(request.max_wait, LONGEST_WAIT)
    return desk.events.read(request.after, limit, wait, request.module, request.mark)
