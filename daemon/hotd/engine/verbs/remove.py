"""Drain a module that was added, and forget it."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.requests import LONGEST_WAIT
from hotd.core import adding
from hotd.core.book import Book
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Remove, actor: Actor) -> views.Change:
    name = request.module
    before = desk.change(lambda book, now: adding.remove(book, request, actor, now))
    if before.outcome != "in-flight":
        return before

    def left(book: Book) -> bool | None:
        """Or somebody has added it again by now."""
        return name not in book.modules or book.modules[name].leaving is None or None

    if desk.engine.wait_for(left, min(request.max_wait, LONGEST_WAIT)) is None:
        module = desk.engine.book.modules.get(name)
        return before if module is None else adding.going(module)
    desk.adding.watch()
    return adding.gone(name, before.modules[0].generation)
