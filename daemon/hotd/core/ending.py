"""The daemon's own end: no more loads, no more instances, everybody asked, a deadline."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.events import EventName
from hotd.core.book import Book, InLoad, Instance, Stopping
from hotd.core.effects import AbandonLoad, Decision, Effect, Emit
from hotd.core.values import Instant


def begin(book: Book, drain_deadline: float, now: Instant) -> Decision:
    """Asking twice changes nothing."""
    if book.stopping is not None:
        return Decision(book)
    effects: list[Effect] = [
        AbandonLoad(member.job)
        for rollout in book.rollouts.values()
        for member in rollout.members.values()
        if isinstance(member, InLoad)
    ]
    for module in book.modules.values():
        instances = {n: replace(i, leaving=True) for n, i in module.instances.items()}
        book = book.having(replace(module, instances=instances))
    count = book.alive
    asked = f"{count} instance{'s' * (count != 1)} asked to end within {drain_deadline:g} s"
    told = Emit(EventName.DAEMON_STOPPING, f"stopping: {asked if count else 'nothing runs'}")
    book = replace(book, rollouts={}, stopping=Stopping(now, now.mono + drain_deadline))
    return Decision(book, (told, *effects))


def left(book: Book) -> list[Instance]:
    """Who is still alive, oldest first."""
    alive = [i for module in book.modules.values() for i in module.instances.values()]
    return sorted(alive, key=lambda instance: instance.started)


def over(book: Book, now: Instant) -> bool:
    """Whether the daemon may go: everybody ended, or the deadline passed."""
    return book.stopping is not None and (not book.alive or now.mono >= book.stopping.deadline)
