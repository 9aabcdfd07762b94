"""Failures of instances and loads, across restarts."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import failure_views, kept_failure_view
from hotd.core.records import KeptFailure
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Errors, actor: Actor) -> views.Failures:
    module = desk.engine.book.module(request.module)
    ours = failure_views(module, request.limit)
    missing = request.limit - len(ours)
    none: tuple[KeptFailure, ...] = ()
    kept = desk.kept(lambda store: store.failures(module.name, missing), none) if missing > 0 else none
    return views.Failures((*map(kept_failure_view, kept), *ours))
