"""Rollouts, newest first."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import history_view
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.History, actor: Actor) -> views.History:
    book = desk.engine.book
    if request.module:
        book.module(request.module)
    return history_view(book, request.module, request.limit)
