"""What is to be kept of a book, found by holding it against the one before: no decision can forget to say it.

A book is durable when all that tells it from the one before is. Until then nobody is answered from it. What it intends
is done as soon as that outlives the daemon: a power cut takes with it whoever would have run it, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from hotd.contract.errors import StoreDegraded
from hotd.contract.events import EventName
from hotd.contract.views import Event
from hotd.core.book import UNREAD, Book, FailureRecord, Generation, Intended, Module, Rejection, Revision, Rollout
from hotd.core.copies import replace
from hotd.core.counted import counted
from hotd.core.effects import Decision, Effect, Emit, Write
from hotd.core.messages import LoadKind, Stored
from hotd.core.records import (
    Added,
    Began,
    Ended,
    Forget,
    Intent,
    KeptDaemon,
    KeptFailure,
    KeptGeneration,
    KeptModule,
    KeptRejection,
    KeptRevision,
    Opened,
    Record,
)
from hotd.core.storing import Storing, answered, asked, silent, silent_at
from hotd.core.values import Instant
from hotd.core.whence import read_for

T = TypeVar("T")


def secured(before: Book, after: Book, told: tuple[Event, ...], now: Instant) -> tuple[Book, Write | None]:
    """The book that knows what it waits for, and the write that it waits for, if anything is to be kept."""
    store = after.store
    if store.trouble is not None and store.retry_at is not None and store.retry_at <= now.mono:
        store = asked(store, now, whole=True)
        return replace(after, store=store), Write(store.issued, (*everything(after), *told), whole=True)
    if not store.takes:
        return after, None
    records = (*difference(before, after), *told)
    if not records:
        return after, None
    store = asked(store, now)
    return replace(after, store=store), Write(store.issued, records)


def stored(book: Book, said: Stored, now: Instant) -> Decision:
    """The store answered."""
    before, after = book.store, answered(book.store, said, now)
    return Decision(replace(book, store=after), tuple(_news(before, after)))


def check_silence(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """Wait no longer for a disk that hangs."""
    due = silent_at(book.store)
    if due is None or due > now.mono:
        return book, []
    after = silent(book.store, now)
    return replace(book, store=after), list(_news(book.store, after))


def durable_deadlines(store: Storing) -> list[float]:
    """When there is something to do although nothing was heard."""
    return [due for due in (store.retry_at, silent_at(store)) if due is not None]


def refusal(book: Book) -> StoreDegraded | None:
    """Why nothing new is promoted just now."""
    trouble = book.store.trouble
    if trouble is None:
        return None
    return StoreDegraded(f"nothing new is promoted while it cannot be kept: {trouble.message}", hint=trouble.hint)


def _news(before: Storing, after: Storing) -> Iterator[Emit]:
    if after.aside is not None and after.aside != before.aside:
        yield Emit(EventName.STORE_ASIDE, aside_message(after.aside[0]))
    if after.trouble is not None and before.trouble is None:
        message = f"{after.trouble.message}; what serves goes on, nothing new is promoted"
        yield Emit(EventName.STORE_DEGRADED, message, fields={"reason": after.trouble.reason})
    if after.trouble is None and before.trouble is not None:
        yield Emit(EventName.STORE_RESTORED, "the store keeps again what it is given, and has all there is")


def aside_message(place: str) -> str:
    return f"the store could not be read and was begun anew; what was kept before lies in {place}"


# --- what tells one book from another --------------------------------------------------------------------------------


def difference(before: Book, after: Book) -> Iterator[Record]:
    """What is to be kept of the second that was not to be kept of the first."""
    # Most messages change nothing of all this, and what nobody changed is the same object.
    if (after.paused, after.paused_until) != (before.paused, before.paused_until):
        yield kept_daemon(after)
    if after.modules is not before.modules:
        yield from _of_modules(before, after)
    if after.rollouts is not before.rollouts:
        for revision, rollout in after.rollouts.items():
            known = before.rollouts.get(revision)
            if known is not rollout:
                yield from _of_rollout(known, rollout, after)
    yield from map(kept_revision, _newer(before.history, after.history))
    if after.stopping is not None and before.stopping is None:
        # Whatever becomes of it from here on, it was told to end.
        yield Ended(after.stopping.since.wall)


def everything(book: Book) -> Iterator[Record]:
    """All that is to be kept, for a store that may have missed any of it."""
    yield Began(book.started.wall, book.first_revision)
    yield kept_daemon(book)
    for module in book.modules.values():
        yield from _of_coming(None, module)
        yield kept_module(module)
        yield from (_whole(module.name, generation) for generation in module.generations.values())
        yield from (_kept_rejection(module.name, one) for one in module.rejections)
    for rollout in book.rollouts.values():
        yield from _of_rollout(None, rollout, book)
    yield from map(kept_revision, book.history)


def _of_modules(before: Book, after: Book) -> Iterator[Record]:
    for name, module in after.modules.items():
        old = before.modules.get(name)
        if old is not module:
            yield from _of_coming(old, module)
            yield from _of_module(old or Module(module.spec, module.spec.replicas), module)
    for name in before.modules.keys() - after.modules.keys():
        yield Added(name, None)
        # What was decided about it is over, should it come back.
        yield kept_module(after.departed[name])


def _of_coming(old: Module | None, new: Module) -> Iterator[Record]:
    """Whether the next start hosts it. Not what is being removed: whoever removed it was told so."""
    if new.added is None or (old is not None and (old.added, old.leaving) == (new.added, new.leaving)):
        return
    options = {key: value for key, value in new.added.items() if key != "entry"}
    yield Added(new.name, new.spec.entry, options) if new.leaving is None else Added(new.name, None)


def _of_module(old: Module, new: Module) -> Iterator[Record]:
    kept, before = kept_module(new), kept_module(old)
    if kept is not before and kept != before:
        yield kept
    if new.generations is not old.generations:
        yield from _of_generations(old, new)
    for rejection in _newer(old.rejections, new.rejections):
        yield _kept_rejection(new.name, rejection)
    for failure in _newer(old.failures, new.failures):
        yield _kept_failure(new.name, failure)


def _of_generations(old: Module, new: Module) -> Iterator[Record]:
    for number, generation in new.generations.items():
        known = old.generations.get(number)
        if known is generation:
            continue
        kept_now = kept_generation(new.name, generation)
        if known is None or kept_generation(new.name, known) != kept_now:
            yield kept_now
    if gone := tuple([number for number in old.generations if number not in new.generations]):
        yield Forget(new.name, gone)


def _of_rollout(old: Rollout | None, new: Rollout, book: Book) -> Iterator[Record]:
    if old is None and not new.quiet:
        modules = {name: book.modules[name].current for name in new.members}
        listed = new.kind is LoadKind.STAGE
        yield Opened(new.revision, new.started.wall, new.cause, new.actor.name, modules, listed)
    for name, member in new.members.items():
        if isinstance(member, Intended) and (old is None or old.members[name] is not member):
            ready = member.ready
            generation = KeptGeneration(
                name, ready.number, ready.digest, new.cause, new.actor.name, new.started.wall, ready.duration_ms,
                executed=ready.reloaded, origins=read_for(new, book.modules[name]),
            )  # fmt: skip
            yield Intent(new.revision, name, book.modules[name].current, generation, ready.bundle)


def _newer(before: tuple[T, ...], after: tuple[T, ...]) -> Sequence[T]:
    """What was added at the end of a collection that lets go of what is old."""
    if before is after:
        return ()
    if before:
        # The newest of before is mostly close to the end, and all that is known lies before it.
        for place in range(len(after) - 1, -1, -1):
            if after[place] is before[-1]:
                return after[place + 1 :]
    known = set(map(id, before))
    return [one for one in after if id(one) not in known]


# --- one of them -----------------------------------------------------------------------------------------------------


def kept_daemon(book: Book) -> KeptDaemon:
    return KeptDaemon(book.paused, None if book.paused_until is None else book.paused_until.wall)


@counted
def kept_module(module: Module) -> KeptModule:
    return KeptModule(
        module.name,
        module.current,
        module.permanent,
        module.line,
        module.paused,
        module.stopped and module.leaving is None,
        module.pinned,
        None if module.replicas == module.spec.replicas else module.replicas,
        {digest: why for digest, why in module.quarantine.items() if not digest.startswith(UNREAD)},
        module.deaths,
        module.carried,
        None if module.paused_until is None else module.paused_until.wall,
    )


def kept_generation(module: str, generation: Generation) -> KeptGeneration:
    return KeptGeneration(
        module,
        generation.number,
        generation.digest,
        generation.cause,
        generation.actor,
        generation.created.wall,
        generation.duration_ms,
        generation.verdict,
    )


def _whole(module: str, one: Generation) -> KeptGeneration:
    """With what is otherwise written once, when the generation is new."""
    kept = kept_generation(module, one)
    return replace(kept, executed=one.executed, origins=one.origins, over=one.over)


def kept_revision(revision: Revision) -> KeptRevision:
    return KeptRevision(
        revision.revision,
        revision.at.wall,
        revision.cause,
        revision.actor,
        revision.change,
        revision.duration_ms,
        revision.listed,
    )


def _kept_rejection(module: str, one: Rejection) -> KeptRejection:
    return KeptRejection(module, one.digest, one.error, one.at.wall, one.cause, one.actor, one.duration_ms)


def _kept_failure(module: str, one: FailureRecord) -> KeptFailure:
    at = one.at.wall
    return KeptFailure(module, at, one.generation, one.instance, one.error, one.cause, one.actor, one.duration_ms)
