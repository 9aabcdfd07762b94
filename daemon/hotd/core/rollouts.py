"""A change in progress: asked for, loaded, promoted or refused.

A rollout has a member for each module it touches. Members are queued, in load, ready (atomic ones wait for each
other), then settled; a module belongs to at most one unsettled rollout at a time, the oldest, so that rollouts over
several modules cannot wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hotd.contract import requests
from hotd.contract.errors import GenerationMismatch, HotdError, Pinned, ShuttingDown, UsageError
from hotd.contract.events import EventName
from hotd.contract.protocol import error_view
from hotd.core.book import Book, Member, Module, Queued, Rollout, saw
from hotd.core.concluding import conclude, settle
from hotd.core.configuration import ConfigPlan
from hotd.core.copies import replace
from hotd.core.durable import refusal
from hotd.core.effects import Decision, Effect, Emit
from hotd.core.keeping import check_rebuild
from hotd.core.loads import at_cap, load
from hotd.core.messages import LoadKind
from hotd.core.values import WATCH, Actor, Instant
from hotd.core.wording import awaited, gen, locked, module_change, refused_change, worded

NO_GOALS: Mapping[str, int] = {}


def request_reload(book: Book, request: requests.Reload, actor: Actor, now: Instant) -> Decision:
    """``hotctl reload``. Raises UnknownModule, UsageError, GenerationMismatch, Locked, ShuttingDown."""
    names = named(book, request.modules, request.all)
    check_rebuild(book, names, request.rebuild)
    check_generation(book, names, request.if_generation)
    if book.hold is not None and not request.dry_run and not book.hold.modules.isdisjoint(names):
        raise locked(book.hold, now)
    for name in names if not request.dry_run else ():
        if (staged := book.changing(name)) is not None and staged.by_hand:
            raise awaited(book.modules[name], staged)
    if not request.dry_run and (joined := _joinable(book, names, request)):
        return Decision(book, answer=joined.revision)
    return open_rollout(
        book,
        names,
        LoadKind.PLAN if request.dry_run else LoadKind.STAGE,
        cause=worded("hotctl reload", request.reason),
        actor=actor,
        now=now,
        atomic=request.atomic,
        force=request.force,
        rebuild=request.rebuild,
        skips=request.all,
    )


def request_check(book: Book, request: requests.Check, actor: Actor, now: Instant) -> Decision:
    """``hotctl check``. Raises UnknownModule, UsageError, ShuttingDown."""
    return open_rollout(
        book, named(book, request.modules, request.all), LoadKind.CHECK, cause="hotctl check", actor=actor, now=now
    )


def named(book: Book, names: tuple[str, ...], everything: bool) -> tuple[str, ...]:
    """The modules a request means, each once. Raises UsageError, UnknownModule."""
    if everything and names:
        raise UsageError("--all and names of modules exclude each other")
    if not everything and not names:
        raise UsageError("name a module, or say --all")
    if everything:
        return tuple(name for name, module in book.modules.items() if module.leaving is None)
    return tuple(dict.fromkeys(book.module(name).name for name in names))


def check_generation(book: Book, names: Iterable[str], wanted: int | None) -> None:
    """``--if-generation``. Raises GenerationMismatch."""
    for name in names:
        current = book.module(name).current
        if wanted is not None and current != wanted:
            raise GenerationMismatch(
                f"{name} is at {gen(current)}, not at g{wanted}",
                hint="look at `hotctl status` and decide again",
            )


def open_rollout(
    book: Book,
    names: Iterable[str],
    kind: LoadKind,
    *,
    cause: str,
    actor: Actor,
    now: Instant,
    atomic: bool = False,
    force: bool = False,
    rebuild: tuple[str, ...] = (),
    skips: bool = False,
    quiet: bool = False,
    by_hand: bool = False,
    wary: bool = False,
    goals: Mapping[str, int] = NO_GOALS,
    undoes: bool = False,
    config: ConfigPlan | None = None,
) -> Decision:
    """A new rollout over the modules, every member queued; ``advance`` starts what can start."""
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it loads nothing any more")
    members: dict[str, Member] = dict.fromkeys(names, Queued())
    rollout = Rollout(
        book.next_revision, kind, cause, actor, now, members, atomic, force, actor == WATCH, rebuild, skips, quiet,
        by_hand=by_hand, wary=wary, goals=goals, undoes=undoes, config=config,
    )  # fmt: skip
    book = replace(book, next_revision=book.next_revision + 1, rollouts={**book.rollouts, rollout.revision: rollout})
    return Decision(book, (), rollout.revision)


def _joinable(book: Book, names: tuple[str, ...], request: requests.Reload) -> Rollout | None:
    """A rollout that will do just what is asked: whoever says `reload` while it waits gets its outcome.

    Not one that reads the disk already: what was saved since may have escaped it, and whoever saved it would be told
    of a success. Theirs waits for it, and finds the disk unchanged at no cost where it is.
    """
    asked = (frozenset(names), request.atomic, request.force, frozenset(request.rebuild), request.all)
    for rollout in book.rollouts.values():
        what = (rollout.atomic, rollout.force, frozenset(rollout.rebuild), rollout.skips)
        offers = (frozenset(rollout.members), *what)
        waits = all(isinstance(member, Queued) for member in rollout.members.values())
        reads = rollout.kind is LoadKind.STAGE and not rollout.by_watch and not rollout.goals
        if reads and waits and offers == asked:
            return rollout
    return None


def advance(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """Start every queued member whose module is free."""
    effects: list[Effect] = []
    for revision in list(book.rollouts):
        for name, member in book.rollouts[revision].members.items():
            if isinstance(member, Queued) and book.in_flight(name) is book.rollouts[revision]:
                book, more = _start(book, book.rollouts[revision], book.modules[name], now)
                effects += more
        book, more = conclude(book, revision, now)
        effects += more
    return book, effects


def _start(book: Book, rollout: Rollout, module: Module, now: Instant) -> tuple[Book, list[Effect]]:
    block = blocked(book, rollout, module) if rollout.kind is LoadKind.STAGE else None
    paused = rollout.by_watch and book.held(module)
    if module.pending and (paused or (block and not book.held(module))):
        # The paths stay pending: the load follows when there is room, or at the resume. See ``follow_disk``. Where they
        # are held back they were looked at already, and what is known of them stays.
        book = book.having(saw(module, "", now))
    if paused:
        return settle(book, rollout, module, module_change(module, "skipped", note="paused meanwhile"))
    if isinstance(block, Pinned) and rollout.skips:
        note = f"{block.message}: skipped"
        return settle(book, rollout, module, module_change(module, "skipped", error=error_view(block), note=note))
    if block:
        return settle(book, rollout, module, refused_change(module, block))
    effects: list[Effect] = []
    if rollout.kind is LoadKind.STAGE:
        effects.append(
            Emit(
                EventName.RELOAD_STARTED,
                f"loading {module.name}: {rollout.cause}",
                module.name,
                module.current,
                actor=rollout.actor.name,
                cause=rollout.cause,
            )
        )
    book, job = load(book, rollout, module, now, again=0)
    return book, [*effects, job]


def blocked(book: Book, rollout: Rollout, module: Module) -> HotdError | None:
    """Why nothing may become current now."""
    if module.name in rollout.goals:
        return at_cap(module)
    if module.pinned and not rollout.force and module.current is not None:
        hint = f"`hotctl unpin {module.name}`, or `hotctl reload {module.name} --force`"
        return Pinned(f"{module.name} is pinned to {gen(module.current)}", hint=hint)
    return at_cap(module) or (refusal(book) if module.current is not None else None)
