"""The daemon's own end: no more loads, no more instances, everybody asked, a deadline."""

from __future__ import annotations

from dataclasses import replace

from hotd.contract.errors import ShuttingDown
from hotd.contract.events import EventName
from hotd.core.book import Book, InLoad, Instance, Settled, Stopping
from hotd.core.concluding import candidate_of, conclude, settle
from hotd.core.effects import AbandonLoad, Decision, Discard, Effect, Emit
from hotd.core.values import Instant
from hotd.core.wording import refused_change


def begin(book: Book, drain_deadline: float, now: Instant) -> Decision:
    """Asking twice changes nothing."""
    if book.stopping is not None:
        return Decision(book)
    for module in book.modules.values():
        instances = {n: replace(i, leaving=True) for n, i in module.instances.items()}
        book = book.having(replace(module, instances=instances))
    count = book.alive
    asked = f"{count} instance{'s' * (count != 1)} asked to end within {drain_deadline:g} s"
    told = Emit(EventName.DAEMON_STOPPING, f"stopping: {asked if count else 'nothing runs'}")
    book = replace(book, stopping=Stopping(now, now.mono + drain_deadline))
    book, effects = _give_up_loads(book, now)
    return Decision(book, (told, *effects))


def _give_up_loads(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """Whoever waits for a rollout is told how it ended."""
    effects: list[Effect] = []
    error = ShuttingDown("the daemon is ending; it loads nothing any more")
    for rollout in book.rollouts.values():
        for name, member in rollout.members.items():
            module = book.modules[name]
            if isinstance(member, InLoad):
                effects.append(AbandonLoad(member.job))
            if (ready := candidate_of(member)) is not None:
                effects.append(Discard(name, ready.number))
            if not isinstance(member, Settled):
                book, more = settle(book, rollout, module, refused_change(module, error))
                effects += more
        book, _ = conclude(book, rollout.revision, now)
    return book, effects


def left(book: Book) -> list[Instance]:
    """Who is still alive, oldest first."""
    alive = [i for module in book.modules.values() for i in module.instances.values()]
    return sorted(alive, key=lambda instance: instance.started)


def over(book: Book, now: Instant) -> bool:
    """Whether the daemon may go: everybody ended, or the deadline passed."""
    return book.stopping is not None and (not book.alive or now.mono >= book.stopping.deadline)
