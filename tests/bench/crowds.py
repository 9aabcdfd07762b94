"""Books of daemons that host very much."""

from __future__ import annotations

from dataclasses import replace

from hotd.core import instances
from hotd.core.book import Book, Instance
from hotd.core.durable import difference
from hotd.core.messages import InstanceEnded
from hotd.core.reconcile import next_deadline, reconcile
from hotd.core.values import InstanceId, Instant
from tests.support.books import serving, spec


def crowd(modules: int, each: int) -> tuple[Book, Instant]:
    """A daemon with so many modules, each with so many instances, all of which run; and a moment of its life."""
    world = serving(spec("m"))
    one, now = world.module("m"), world.now
    hosted = {}
    for name in (f"m{number}" for number in range(modules)):
        alive = {n: Instance(InstanceId(name, n), 1, "running", now) for n in range(1, each + 1)}
        hosted[name] = replace(
            one, spec=spec(name, replicas=each), replicas=each, instances=alive, next_instance=each + 1
        )
    book = replace(world.book, modules=hosted, max_instances=modules * each)
    return reconcile(book, now).book, Instant(now.mono + 100.0, now.wall + 100.0)


def one_ends(book: Book, now: Instant) -> Book:
    """All that the engine does about it until the next book can be seen: another takes its place."""
    ended = InstanceEnded(InstanceId("m0", min(book.modules["m0"].instances)))
    after = reconcile(instances.reported(book, ended, now).book, now).book
    next_deadline(after)
    list(difference(book, after))
    return after
