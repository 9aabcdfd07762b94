"""Back to an earlier generation."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import undoing
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Undo, actor: Actor) -> views.Change:
    return desk.roll_out(lambda book, now: undoing.undo(book, request, actor, now), request.max_wait)
