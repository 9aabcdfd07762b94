"""Back to what hotd.toml says."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import switches
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Reset, actor: Actor) -> views.Change:
    return desk.change(lambda book, now: switches.reset(book, request, actor, now))
