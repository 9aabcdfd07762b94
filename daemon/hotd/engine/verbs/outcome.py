"""The result of a rollout, also for whoever did not ask for it."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.book import Book
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Outcome, actor: Actor) -> views.Change:
    def until(book: Book, change: views.Change) -> bool:
        touched = [book.modules[m.module] for m in change.modules if m.module in book.modules]
        drained = not request.drained or all(module.alive == module.on_current for module in touched)
        return drained and (not request.serving or all(module.on_current for module in touched))

    return desk.outcome(request.revision, request.max_wait, until)
