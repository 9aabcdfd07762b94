"""Books of daemons that host very much."""

from __future__ import annotations

from dataclasses import replace

from hotd.core import instances
from hotd.core.book import Book, Instance
from hotd.core.concluding import conclude_all
from hotd.core.durable import difference, secured, stored
from hotd.core.effects import Effect, StartLoad
from hotd.core.messages import InstanceEnded, Staged, Written
from hotd.core.outcomes import loaded
from hotd.core.reconcile import next_deadline, reconcile
from hotd.core.values import InstanceId, Instant
from hotd.core.watch import files_changed
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


def one_saved(book: Book, now: Instant) -> Book:
    """All that is decided from the settled batch until what was saved is current, and its number is known for good."""
    name = "m0"
    book, effects = _turn(book, files_changed(book, frozenset({f"/ops/{name}.py"}), [name], now).book, now)
    (job,) = [effect.job for effect in effects if isinstance(effect, StartLoad)]
    number = book.modules[name].current or 0
    staged = Staged(job, number + 1, f"D{number + 1}", (name,), 0.1)
    book, _ = _turn(book, loaded(book, staged, now).book, now)
    while (store := book.store).durable < store.issued:
        book, _ = _turn(book, conclude_all(stored(book, Written(store.durable + 1), now).book, now).book, now)
    assert book.modules[name].current == number + 1
    return book


def _turn(before: Book, decided: Book, now: Instant) -> tuple[Book, tuple[Effect, ...]]:
    """What the engine does with a message that was decided."""
    after, effects = (decision := reconcile(decided, now)).book, decision.effects
    after, _ = secured(before, after, (), now)
    next_deadline(after)
    return after, effects
