"""Hold the watcher while a command changes the disk, then one atomic rollout of all that changed."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core import deploying
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Deploy, actor: Actor) -> views.Change:
    if request.step != "keep" and request.hold is not None:
        # What the command wrote last must be known before the hold is gone: later it would be a change like any other,
        # loaded by the watcher although the deploy failed.
        desk.watcher.flush()
    if request.step == "roll-out" and request.hold is not None:
        return desk.roll_out(lambda book, now: deploying.deploy(book, request, actor, now), request.max_wait)
    return desk.change(lambda book, now: deploying.deploy(book, request, actor, now))
