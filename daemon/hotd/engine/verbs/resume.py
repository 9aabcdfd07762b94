"""Act on file changes again."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import pausing
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Resume, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: pausing.resume(book, request, actor, now))
