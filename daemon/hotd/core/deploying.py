"""Deploys: the watcher is held while somebody's command changes the disk, then all of it is one rollout.

A hold is a lease: a client that dies lets go of it by not renewing. Whatever its command changed is then shown and not
loaded, as if the command had failed.
"""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import Refused, ShuttingDown
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core.book import Book, Hold, saw
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit
from hotd.core.messages import LoadKind
from hotd.core.permission import check_everything, check_modules
from hotd.core.rollouts import check_generation, named, open_rollout
from hotd.core.values import Actor, Instant
from hotd.core.wording import locked, worded

LEASE = 30.0
"""Seconds without a sign of the client after which a hold is over."""


def deploy(book: Book, request: requests.Deploy, actor: Actor, now: Instant) -> Decision:
    """One step of a deploy. Raises UnknownModule, GenerationMismatch, Locked, Refused, ShuttingDown, NotPermitted."""
    if request.hold is None:
        return _begin(book, request, actor, now)
    hold = book.hold
    if hold is None or hold.number != request.hold:
        raise Refused(
            f"the hold {request.hold} is over; nothing was loaded",
            hint="`hotctl reload --all --atomic` loads what is on disk",
        )
    if hold.everything:
        check_everything(actor, "deploy")
    check_modules(actor, "deploy", hold.modules)
    match request.step:
        case "roll-out":
            return _roll_out(book, hold, now)
        case "let-go":
            book, effects = _let_go(book, hold, "the command failed", now)
            return Decision(book, tuple(effects), _answer("let go; nothing was loaded", None))
        case _:
            book = replace(book, hold=replace(hold, until=now.mono + LEASE))
            return Decision(book, (), _answer("held", hold.number))


def _begin(book: Book, request: requests.Deploy, actor: Actor, now: Instant) -> Decision:
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it loads nothing any more")
    everything = not request.modules
    names = named(book, request.modules, everything)
    check_generation(book, names, request.if_generation)
    if book.hold is not None:
        raise locked(book.hold, now)
    hold = Hold(
        book.next_hold, frozenset(names), everything, worded("hotctl deploy", request.reason), actor, now,
        now.mono + LEASE,
    )  # fmt: skip
    told = Emit(EventName.DEPLOY_STARTED, f"{hold.cause}: changes are held back", actor=actor.name, cause=hold.cause)
    book = replace(book, hold=hold, next_hold=book.next_hold + 1)
    return Decision(book, (told,), _answer("file changes are held back until the command has ended", hold.number))


def _roll_out(book: Book, hold: Hold, now: Instant) -> Decision:
    names = [name for name in book.modules if name in hold.modules]
    return open_rollout(
        replace(book, hold=None), names, LoadKind.STAGE, cause=hold.cause, actor=hold.actor, now=now, atomic=True,
        skips=hold.everything, wary=hold.everything,
    )  # fmt: skip


def _let_go(book: Book, hold: Hold, why: str, now: Instant) -> tuple[Book, list[Effect]]:
    """What changed meanwhile is shown as OutOfSync, and loaded when somebody says so or changes it again.

    To resume or unpin is to say so: what is held back otherwise, too, stays recorded.
    """
    book = replace(book, hold=None)
    for name in hold.modules & book.modules.keys():
        module = book.modules[name]
        if module.pending and module.current is not None:
            kept = module.pending if book.held(module) else frozenset()
            book = book.having(replace(saw(module, "", now), pending=kept))
    message = f"{hold.cause}: {why}; nothing was loaded"
    told = Emit(EventName.DEPLOY_FAILED, message, actor=hold.actor.name, cause=hold.cause)
    return book, [told]


def expire(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """The client has gone without a word."""
    hold = book.hold
    if hold is None or now.mono < hold.until:
        return book, []
    return _let_go(book, hold, f"nothing was heard of {hold.actor.name} for {LEASE:g} s", now)


def _answer(note: str, hold: int | None) -> Change:
    return Change(None, (), "done", note, hold=hold)
