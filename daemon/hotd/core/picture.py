"""Views of the book: what readers are answered. Pure, so any thread may draw one from the book it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from hotd.contract import views
from hotd.contract.errors import UnknownRevision
from hotd.core.book import (
    Book,
    Candidate,
    Current,
    Draining,
    Generation,
    Module,
    Retired,
    Revision,
    Rollout,
    Settled,
    Standby,
)
from hotd.core.concluding import candidate_of, waiting
from hotd.core.conditions import conditions_of, health_of
from hotd.core.copies import replace
from hotd.core.messages import PartFile
from hotd.core.moving import moved_since
from hotd.core.promotion import numbered
from hotd.core.records import KeptFailure
from hotd.core.times import rfc3339, wall_rfc3339
from hotd.core.values import InstanceId, Instant, Progress
from hotd.core.whence import commit_of
from hotd.core.wording import module_change, serving

STATES: dict[type, str] = {
    Candidate: "candidate",
    Current: "current",
    Draining: "draining",
    Standby: "standby",
    Retired: "retired",
}


def module_views(book: Book, before: Mapping[str, views.ModuleView]) -> Mapping[str, views.ModuleView]:
    """All of them, by name. Whose view is as it was ``before`` has the very same object again."""
    drawn = {name: module_view(book, module) for name, module in book.modules.items()}
    return {name: before[name] if before.get(name) == view else view for name, view in drawn.items()}


def module_view(book: Book, module: Module) -> views.ModuleView:
    conditions = conditions_of(book, module)
    current = module.generations[module.current] if module.current is not None else None
    return views.ModuleView(
        name=module.name,
        entry=module.spec.entry,
        health=health_of(book, module, conditions),
        conditions=conditions,
        generation=module.current,
        permanent=module.permanent,
        digest=current.digest if current else None,
        watch=_watch(book, module),
        pinned=module.pinned,
        out_of_sync=any(condition.type == "OutOfSync" for condition in conditions),
        replicas=module.replicas,
        surge=module.spec.surge,
        serving=serving(module),
        rejected=_rejected(module),
        generations=tuple(
            views.GenerationCount(g.number, STATES[type(g.phase)], module.count(g.number))
            for g in sorted((*module.loaded, *_candidate(book, module)), key=lambda g: g.number)
        ),
        loaded_at=rfc3339(current.phase.since) if current else None,
        reloads=module.reloads,
        errors=module.errors,
        stopped=module.stopped,
        overrides=overrides(module),
        added=module.added is not None,
        leaving=module.leaving is not None,
        moved=moved_since(book, module, module.current) if module.current is not None else "",
        paused_until=rfc3339(module.paused_until) if module.paused_until is not None else None,
    )


def overrides(module: Module) -> dict[str, Any]:
    """What hotd.toml says of that which is otherwise now, because somebody said so."""
    ours = {"replicas": module.replicas, "paused": module.paused, "stopped": module.stopped}
    if module.leaving is not None:
        return {}
    theirs = {"replicas": module.spec.replicas, "paused": False, "stopped": False}
    return {key: said for key, said in theirs.items() if ours[key] != said}


def hosted_module(book: Book, module: Module, closure: tuple[PartFile, ...]) -> views.HostedModule:
    view = module_view(book, module)
    parts = tuple(views.PartView(part.part, part.file, part.digest) for part in closure)
    shared = {field.name: getattr(view, field.name) for field in dataclasses.fields(view)}
    return views.HostedModule(**shared, roots=module.spec.watched, closure=parts)


def _watch(book: Book, module: Module) -> views.Watch:
    if book.paused or module.paused or book.deployed(module) is not None:
        return "paused"
    return "manual" if module.spec.watch == "manual" else "auto"


def _rejected(module: Module) -> views.RejectedView | None:
    if module.rejection is None:
        return None
    error = module.rejection.error
    return views.RejectedView(
        module.rejection.digest, error.code, error.message, error.file, error.line, rfc3339(module.rejection.at)
    )


def instance_views(
    module: Module, now: Instant, progress: Callable[[InstanceId], Progress | None]
) -> tuple[views.InstanceView, ...]:
    return tuple(
        views.InstanceView(
            str(i.id),
            module.name,
            i.generation,
            i.state,
            rfc3339(i.started),
            round(now.mono - i.started.mono, 3),
            views.ProgressView(said.done, said.total, said.note) if (said := progress(i.id)) else None,
            i.generation == module.current,
            i.on_demand,
        )
        for i in module.instances.values()
    )


def ended_view(module: Module, instance: str) -> views.InstanceView | None:
    """One that was asked for by itself and has ended; None where none of that id is remembered."""
    for one in reversed(module.ended):
        i = one.instance
        if str(i.id) == instance:
            age = round(one.at.mono - i.started.mono, 3)
            since = rfc3339(i.started)
            current = i.generation == module.current
            state = "failed" if one.failed else "ended"
            return views.InstanceView(instance, module.name, i.generation, state, since, age, None, current, True)
    return None


def _candidate(book: Book, module: Module) -> tuple[Generation, ...]:
    """What was loaded and waits, for somebody's word or for the other modules of its rollout."""
    rollout, ready = book.changing(module.name), waiting(book, module.name)
    if rollout is None or ready is None or ready.number in module.generations:
        return ()
    made = numbered(rollout, module, ready, rollout.started).generations[ready.number]
    return (replace(made, verdict="none"),)


def generation_views(book: Book, module: Module) -> tuple[views.GenerationView, ...]:
    """Loaded, waiting, retired and rejected ones in the order they were made, newest first."""
    known = (*module.generations.values(), *_candidate(book, module))
    loaded = [(g.created, _generation_view(module, g)) for g in known]
    refused = [
        (
            r.at,
            views.GenerationView(
                None,
                "rejected",
                "rejected",
                r.digest,
                r.cause,
                r.actor,
                rfc3339(r.at),
                0,
                r.error,
                round(r.duration_ms, 3),
            ),
        )
        for r in module.rejections
    ]
    return tuple(view for _, view in sorted([*loaded, *refused], key=lambda pair: pair[0], reverse=True))


def _generation_view(module: Module, generation: Generation) -> views.GenerationView:
    leak = module.leaks.get(generation.number)
    return views.GenerationView(
        generation.number,
        STATES[type(generation.phase)],
        generation.verdict,
        generation.digest,
        generation.cause,
        generation.actor,
        rfc3339(generation.created),
        module.count(generation.number),
        None,
        round(generation.duration_ms, 3),
        # A later load may have had its number again.
        () if generation.in_memory or leak is None else leak.parts,
        generation.executed,
        generation.origins,
    )


def history_view(book: Book, module: str | None, limit: int) -> tuple[views.RevisionView, ...]:
    """Newest first."""
    listed = [r for r in book.history if r.listed and (module is None or _touches(r, module))]
    return tuple(_revision_view(r) for r in reversed(listed[-limit:] if limit > 0 else []))


def _touches(revision: Revision, module: str) -> bool:
    return any(change.module == module for change in revision.change.modules)


def _revision_view(revision: Revision) -> views.RevisionView:
    return views.RevisionView(
        revision.revision,
        rfc3339(revision.at),
        tuple(views.RevisionModule(c.module, c.previous, c.generation, c.reloaded) for c in revision.change.modules),
        revision.change.outcome,
        revision.cause,
        revision.actor,
        round(revision.duration_ms, 3),
        commit_of(revision.change.origins),
        revision.change.origins,
    )


def failure_views(module: Module, limit: int) -> tuple[views.FailureView, ...]:
    """Newest last, as a log reads."""
    newest = module.failures[-limit:] if limit > 0 else ()
    return tuple(
        views.FailureView(
            rfc3339(f.at), module.name, f.generation, f.instance, f.error, f.cause, f.actor, f.duration_ms
        )
        for f in newest
    )


def kept_failure_view(kept: KeptFailure) -> views.FailureView:
    """One of an earlier daemon."""
    at, error = wall_rfc3339(kept.at), kept.error
    return views.FailureView(
        at, kept.module, kept.generation, kept.instance, error, kept.cause, kept.actor, kept.duration_ms
    )


def outcome_of(book: Book, revision: int) -> views.Change:
    """How a rollout ended, or ``in-flight`` with what is over already. Raises UnknownRevision."""
    for done in reversed(book.history):
        if done.revision == revision:
            return done.change
    rollout = book.rollouts.get(revision)
    if rollout is None:
        raise UnknownRevision(
            f"no rollout of number {revision} is known", hint="`hotctl history` lists those that are remembered"
        )
    changes = tuple(_so_far(book, rollout, name) for name in rollout.members)
    staged = rollout.by_hand and all(change.outcome == "staged" for change in changes)
    return views.Change(revision, changes, "staged" if staged else "in-flight", rollout.cause)


def is_over(book: Book, revision: int) -> bool:
    """Whether `outcome_of` a revision that is known has more to say than ``in-flight``."""
    rollout = book.rollouts.get(revision)
    if rollout is None:
        return True
    return rollout.by_hand and not any(candidate_of(m) is None for m in rollout.members.values())


def _so_far(book: Book, rollout: Rollout, name: str) -> views.ModuleChange:
    member, module = rollout.members[name], book.modules[name]
    if isinstance(member, Settled):
        return member.change
    ready = candidate_of(member)
    if not rollout.by_hand or ready is None:
        return module_change(module, "in-flight")
    note = f"`hotctl promote {name}` makes it current, `hotctl abort {name}` throws it away"
    change = module_change(module, "staged", reloaded=ready.reloaded, duration_ms=ready.duration_ms, note=note)
    return replace(change, generation=ready.number)
