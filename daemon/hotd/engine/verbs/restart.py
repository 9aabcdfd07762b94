"""Ask instances to end; new ones run current."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import switches
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Restart, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: switches.restart(book, request, actor, now))
