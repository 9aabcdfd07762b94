"""Everything that keeps a module from being healthy, or a generation from being current or gone."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.reasons import Seen, blockers, check_number, traced, why
from hotd.core.values import Actor
from hotd.engine.desk import Desk

LOOK = 3.0
"""Seconds for finding out who holds what leaks; the caller waits for it, and every look stops all threads a little."""


def answer(desk: Desk, request: requests.Why, actor: Actor) -> views.Why:
    book, now = desk.engine.book, desk.clock.now()
    module, number = book.module(request.module), request.generation
    if number is not None:
        check_number(module, number)
    stacks = {one.id: stack for one in blockers(module, number) if (stack := desk.executor.stack(one.id)) is not None}
    wanted = traced(module, number)
    holders = {one: desk.loading.holders(module.name, one, LOOK / len(wanted)) for one in wanted}
    return why(book, module, number, now, Seen(stacks, holders))
