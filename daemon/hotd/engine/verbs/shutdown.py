"""End the daemon."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import ending
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Shutdown, actor: Actor) -> views.Change:
    usual = desk.drain_deadline()
    return desk.change(lambda book, now: ending.shutdown(book, request, usual, actor, now))
