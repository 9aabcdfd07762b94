"""hotd.toml is read again: what it says otherwise takes effect with one atomic rollout of everything, or not at all."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import Locked, Pinned, Refused, ShuttingDown
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core.book import Book
from hotd.core.configuration import ConfigPlan
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit, Respecify
from hotd.core.hosted import arrived, host, refuse_leaving
from hotd.core.messages import LoadKind
from hotd.core.rollouts import open_rollout
from hotd.core.taking_effect import summary
from hotd.core.values import Actor, Instant, Spec
from hotd.core.wording import awaited, locked


def apply(book: Book, plan: ConfigPlan, cause: str, actor: Actor, now: Instant) -> Decision:
    """One atomic rollout: of what comes, and of what is on disk for all that stays. Answers with its revision.

    Raises Locked, Busy, Pinned, Refused, ShuttingDown.
    """
    check_applicable(book, plan, now)
    effects: list[Effect] = []
    for spec in plan.added:
        module = arrived(spec, book.departed.get(spec.name))
        book = replace(book.having(module), departed={k: v for k, v in book.departed.items() if k != spec.name})
        effects.append(host(module))
    # With the load, which is held against it; taken back should that come to nothing.
    before = {spec.name: book.modules[spec.name].spec for spec in plan.changed}
    effects += [Respecify(spec) for spec in plan.changed if _loads_otherwise(before[spec.name], spec)]
    names = [name for name, module in book.modules.items() if module.leaving is None and name not in plan.removed]
    rollout = open_rollout(
        book, names, LoadKind.STAGE, cause=cause, actor=actor, now=now, atomic=True, skips=True, config=plan
    )
    return Decision(rollout.book, tuple(effects), rollout.answer)


def _loads_otherwise(before: Spec, after: Spec) -> bool:
    return (before.keep, before.watched) != (after.keep, after.watched)


def check_applicable(book: Book, plan: ConfigPlan, now: Instant) -> None:
    """That nobody's work is in the way. Raises Locked, Busy, Pinned, Refused, ShuttingDown."""
    if book.stopping is not None:
        raise ShuttingDown("the daemon is ending; it loads nothing any more")
    if book.hold is not None:
        raise locked(book.hold, now)
    for rollout in book.rollouts.values():
        if rollout.config is not None:
            raise Locked(
                f"{rollout.actor.name} is applying hotd.toml since {now.mono - rollout.started.mono:.0f} s",
                hint=f"`hotctl outcome {rollout.revision}` tells its result",
            )
    for spec in plan.added:
        if spec.name in book.modules:
            refuse_leaving(book.modules[spec.name])
            raise Refused(
                f"{spec.name} was added at run time, and hotd.toml has a module of that name now",
                hint=f"`hotctl remove {spec.name}`, then `hotctl apply`",
            )
    for name in plan.removed:
        if name in book.modules and book.modules[name].pinned:
            raise Pinned(f"{name} is pinned, and hotd.toml has it no more", hint=f"`hotctl unpin {name}` first")
    for name, module in book.modules.items():
        if (staged := book.changing(name)) is not None and staged.by_hand:
            raise awaited(module, staged)


def unreadable(book: Book, message: str, actor: Actor, now: Instant) -> Decision:
    """hotd.toml has errors: all is as it was, and says so, with the first of them, until it is applied."""
    message, *others = message.split("\n")
    message += f" (and {len(others)} more)" if others else ""
    told = Emit(EventName.CONFIG_REJECTED, f"hotd.toml is not applied: {message}", actor=actor.name)
    return Decision(replace(book, config=replace(book.config, rejected=(message, now))), (told,))


def preview(plan: ConfigPlan) -> Change:
    """What ``--dry-run`` answers."""
    note = summary(plan) if plan.told else "hotd.toml says what is so already; what is on disk would be loaded"
    return Change(None, (), "planned", note, settings=plan.told)


def requested(request: requests.Apply) -> str:
    """The cause that the history names."""
    return f"hotctl apply: {request.reason}" if request.reason else "hotctl apply"
