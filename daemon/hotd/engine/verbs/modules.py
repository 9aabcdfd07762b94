"""What is hosted: entry, roots, closure."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.picture import hosted_module
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Modules, actor: Actor) -> views.Modules:
    book = desk.engine.book
    return views.Modules(
        tuple(hosted_module(book, module, desk.loading.closure(module.name)) for module in book.modules.values())
    )
