"""Failures of instances and loads."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import failure_views
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Errors, actor: Actor) -> views.Failures:
    return views.Failures(failure_views(desk.engine.book.module(request.module), request.limit))
