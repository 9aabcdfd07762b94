"""Cancel the rollout in flight."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import staging
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Abort, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: staging.abort(book, request, actor, now))
