"""Until something is so."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.requests import LONGEST_WAIT
from hotd.core.book import Book
from hotd.core.values import Actor
from hotd.core.waiting import goal, waited
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Wait, actor: Actor) -> views.Waited:
    wanted = goal(desk.engine.book.module(request.module), request.until, request.generation)

    def seen(book: Book) -> views.Waited:
        return waited(book, book.module(request.module), wanted, desk.clock.now())

    def look(book: Book) -> views.Waited | None:
        return view if (view := seen(book)).reached else None

    return desk.engine.wait_for(look, min(request.max_wait, LONGEST_WAIT)) or seen(desk.engine.book)
