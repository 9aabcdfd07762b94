"""Read hotd.toml again."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Apply, actor: Actor) -> views.Change:
    return desk.applying.apply(request, actor)
