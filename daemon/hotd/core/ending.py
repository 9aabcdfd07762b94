"""The daemon's own end: no more loads, no more instances, everybody asked, a deadline."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import ShuttingDown, UsageError
from hotd.contract.events import EventName
from hotd.contract.units import LONGEST_DURATION, format_duration
from hotd.contract.views import Change
from hotd.core.book import Book, InLoad, Instance, Settled, Stopping
from hotd.core.concluding import candidate_of, conclude, settle
from hotd.core.copies import replace
from hotd.core.effects import AbandonLoad, Decision, Discard, Effect, Emit
from hotd.core.values import Actor, Instant
from hotd.core.wording import refused_change, worded

AS_LONG_AS_IT_TAKES = LONGEST_DURATION
"""Seconds that nobody lives to see the end of."""


def shutdown(book: Book, request: requests.Shutdown, usual: float, actor: Actor, now: Instant) -> Decision:
    """``hotctl shutdown``; ``usual`` seconds are [daemon] drain_deadline. Raises UsageError."""
    if request.timeout is not None and not 0 <= request.timeout <= LONGEST_DURATION:
        raise UsageError(f"{request.timeout:g} s are no time to end in", hint="as 30s, 5m or 2h")
    usual = AS_LONG_AS_IT_TAKES if request.drain else usual
    seconds = usual if request.timeout is None else request.timeout
    decision = begin(book, seconds, now, actor=actor.name, cause=worded("hotctl shutdown", request.reason))
    unchanged = decision.book is book
    note = (
        "the daemon ends already, and not later than that" if unchanged else f"the daemon ends: {_asked(book, seconds)}"
    )
    return replace(decision, answer=Change(None, (), "unchanged" if unchanged else "done", note))


def begin(
    book: Book, drain_deadline: float, now: Instant, *, actor: str | None = None, cause: str | None = None
) -> Decision:
    """Asking again changes nothing, but where it is to end earlier than it was."""
    until = now.mono + drain_deadline
    message = f"stopping: {_asked(book, drain_deadline)}"
    told = Emit(EventName.DAEMON_STOPPING, message, actor=actor, cause=cause)
    if book.stopping is not None:
        if until >= book.stopping.deadline:
            return Decision(book)
        return Decision(replace(book, stopping=replace(book.stopping, deadline=until)), (told,))
    for module in book.modules.values():
        instances = {n: replace(i, leaving=True) for n, i in module.instances.items()}
        book = book.having(replace(module, instances=instances))
    book = replace(book, stopping=Stopping(now, until))
    book, effects = _give_up_loads(book, now)
    return Decision(book, (told, *effects))


def _asked(book: Book, seconds: float) -> str:
    count = book.alive
    if not count:
        return "nothing runs"
    within = "and waited for" if seconds >= AS_LONG_AS_IT_TAKES else f"within {format_duration(seconds)}"
    return f"{count} instance{'s' * (count != 1)} asked to end {within}"


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
