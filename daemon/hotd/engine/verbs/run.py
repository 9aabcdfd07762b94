"""One instance more, with these arguments."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import demand
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Run, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: demand.run(book, request, actor, now))
