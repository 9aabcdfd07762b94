"""Record file changes, do not act on them."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import pausing
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Pause, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: pausing.pause(book, request, actor, now))
