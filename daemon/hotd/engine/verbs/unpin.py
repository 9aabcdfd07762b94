"""Current may change again."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import pinning
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Unpin, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: pinning.unpin(book, request, actor, now))
