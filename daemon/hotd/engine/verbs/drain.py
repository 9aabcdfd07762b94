"""Ask the instances of one generation to end."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import draining
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Drain, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: draining.drain(book, request, actor, now))
