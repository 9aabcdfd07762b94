"""The daemon and its modules at a glance."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.protocol import PROTOCOL
from hotd.core.conditions import conditions_of_daemon, overall_health
from hotd.core.picture import module_view
from hotd.core.times import rfc3339
from hotd.core.unseen import degrades
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Status, actor: Actor) -> views.Status:
    book, now = desk.engine.book, desk.clock.now()
    if request.module:
        modules: tuple[views.ModuleView, ...] = (module_view(book, book.module(request.module)),)
    else:
        modules = tuple(desk.drawn.modules(book).values())
    conditions = conditions_of_daemon(book)
    daemon = views.DaemonView(
        pid=desk.about.pid,
        version=desk.about.version,
        protocol=PROTOCOL,
        started_at=rfc3339(book.started),
        uptime_s=round(now.mono - book.started.mono, 3),
        watch="paused" if book.paused else "auto",
        health=overall_health([module.health for module in modules], degraded=degrades(book)),
        conditions=conditions,
        socket=desk.about.socket,
        seq=desk.events.seq,
        watching={**desk.watcher.describe(), **({} if book.watches else {"backend": "off"})},
        paused_until=rfc3339(book.paused_until) if book.paused_until is not None else None,
    )
    return views.Status(daemon, modules)
