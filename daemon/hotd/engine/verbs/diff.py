"""What tells one generation's sources from another's."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.errors import Expired, UnknownGeneration
from hotd.core.book import Book, Module
from hotd.core.bundle import Bundle
from hotd.core.concluding import waiting
from hotd.core.diffs import diffs
from hotd.core.moving import moved_between
from hotd.core.reasons import check_number
from hotd.core.values import Actor
from hotd.core.wording import gen
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Diff, actor: Actor) -> views.Diff:
    book = desk.engine.book
    module = book.module(request.module)
    number = module.current if request.to is None else request.to
    if number is None:
        raise UnknownGeneration(f"nothing is current of {module.name}", hint="name both generations")
    before, after = ((one, _sources(desk, book, module, one)) for one in (request.previous, number))
    files = tuple(diffs(before, after, module.spec.folders))
    moved = moved_between(book, module, request.previous, number)
    return views.Diff(module.name, request.previous, number, files, moved)


def _sources(desk: Desk, book: Book, module: Module, number: int) -> Bundle:
    """From memory while it is there, else from the store. Raises UnknownGeneration, Expired, StoreDegraded."""
    candidate = waiting(book, module.name)
    if candidate is not None and candidate.number == number and candidate.bundle is not None:
        return candidate.bundle
    check_number(module, number)
    generation = module.generations.get(number)
    if generation is None:
        hint = f"`hotctl generations {module.name}` lists those that are"
        raise Expired(f"the sources of {module.name} {gen(number)} are kept no more", hint=hint)
    loaded = desk.loading.bundle(module.name, number) if generation.in_memory else None
    return loaded or desk.store.bundle(generation.digest)
