"""What instances printed."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.requests import LONGEST_WAIT
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Logs, actor: Actor) -> views.Logs:
    desk.engine.book.module(request.module)
    wait = min(request.max_wait, LONGEST_WAIT)
    return desk.logs.page(request.module, request.after, min(request.limit, 1000), wait, request.instance)
