"""Back to an earlier generation."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import undoing
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Undo, actor: Actor) -> views.Change:
    number = request.revision
    # The engine's thread waits for no file, and what a rollout did that is over stays as it was.
    done = desk.store.outcome(number) if number is not None and not desk.remembers(number) else None
    return desk.roll_out(lambda book, now: undoing.undo(book, request, actor, now, done), request.max_wait)
