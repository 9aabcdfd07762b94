"""Rollouts, newest first, across restarts."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import history_view
from hotd.core.values import Actor
from hotd.engine.desk import Desk

LONGEST_PAGE = 1000


def answer(desk: Desk, request: requests.History, actor: Actor) -> views.History:
    book, module, limit = desk.engine.book, request.module, max(0, min(request.limit, LONGEST_PAGE))
    if module and module not in book.departed:
        book.module(module)
    none: tuple[views.RevisionView, ...] = ()
    kept = desk.kept(lambda store: store.history(module, book.next_revision, limit), none)
    # What the book has is as good, and all there is where the store cannot be read.
    known = {one.revision: one for one in (*kept, *history_view(book, module, limit))}
    return views.History(tuple(known[number] for number in sorted(known, reverse=True)[:limit]))
