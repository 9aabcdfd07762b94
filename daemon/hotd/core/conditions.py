"""Health and the conditions beside it: phase says where a generation is, conditions say what a user should know."""

from __future__ import annotations

from collections.abc import Iterator

from hotd.contract.views import Condition, Health
from hotd.core.book import Book, Draining, Module
from hotd.core.instances import wanted
from hotd.core.times import rfc3339
from hotd.core.values import Instant
from hotd.core.wording import located, not_served

CRASHES = 3
"""Quick failures in a row that make a crash loop."""


def conditions_of(book: Book, module: Module) -> tuple[Condition, ...]:
    """Everything that holds now, the gravest first."""
    return tuple(
        Condition(kind, reason, message, rfc3339(since)) for kind, reason, message, since in _conditions(book, module)
    )


def health_of(book: Book, module: Module, conditions: tuple[Condition, ...]) -> Health:
    """Degraded needs somebody; Progressing ends by itself; a refused edit over a current that serves is Healthy."""
    kinds = {condition.type for condition in conditions}
    rollout = book.in_flight(module.name)
    if module.current is None and rollout is None:
        return "Degraded"
    if kinds & {"CrashLooping", "Stalled", "Tainted"}:
        return "Degraded"
    draining = any(isinstance(g.phase, Draining) for g in module.loaded)
    starting = any(instance.state == "starting" for instance in module.instances.values())
    if (rollout is not None and not rollout.quiet) or draining or starting or "NotServing" in kinds:
        return "Progressing"
    return "Healthy"


def overall_health(healths: list[Health], degraded: bool) -> Health:
    """The worst of them."""
    if degraded or "Degraded" in healths:
        return "Degraded"
    return "Progressing" if "Progressing" in healths else "Healthy"


def _conditions(book: Book, module: Module) -> Iterator[tuple[str, str, str, Instant]]:
    rejection = module.rejection
    if rejection is not None:
        kind = "SourceMissing" if rejection.error.code == "source-missing" else "Rejected"
        stays = f"g{module.current} stays current" if module.current is not None else "nothing runs"
        yield kind, rejection.error.code, f"{located(rejection.error)}; {stays}", rejection.at
    if module.pace.failing and module.pace.quick_ends >= CRASHES and module.failures:
        last = module.failures[-1]
        message = f"{module.pace.quick_ends} instances in a row failed within a second: {last.error.message}"
        yield "CrashLooping", last.error.code, f"{message}; `hotctl errors {module.name}`", last.at
    for generation in module.loaded:
        if isinstance(generation.phase, Draining) and generation.phase.stalled:
            names = ", ".join(str(i.id) for i in module.instances.values() if i.generation == generation.number)
            message = f"g{generation.number} still drains past its deadline: {names or 'nobody counted any more'}"
            yield "Stalled", "drain-deadline", message, generation.phase.since
    abandoned = [i for i in module.instances.values() if i.state == "abandoned"]
    if abandoned:
        message = f"abandoned and not counted: {', '.join(str(i.id) for i in abandoned)}; only a new daemon is clean"
        yield "Tainted", "abandoned", message, abandoned[0].started
    yield from _serving(book, module)
    yield from _sync(book, module)


def _serving(book: Book, module: Module) -> Iterator[tuple[str, str, str, Instant]]:
    if module.current is None or not wanted(module) or module.on_current:
        return
    since = module.generations[module.current].phase.since
    if sentence := not_served(module):
        yield "NotServing", "draining", sentence, since
    elif book.alive >= book.max_instances:
        message = f"g{module.current} is current but nothing runs it: max_instances = {book.max_instances} is reached"
        yield "NotServing", "max-instances", message, since
    else:
        slow = "; ends come too fast, the next start waits" if module.pace.quick_ends else ""
        yield "NotServing", "starting", f"g{module.current} is current, no instance runs yet{slow}", since


def _sync(book: Book, module: Module) -> Iterator[tuple[str, str, str, Instant]]:
    if not module.differs or module.current is None:
        return
    since = module.generations[module.current].phase.since
    undone = "undone" in module.quarantine.values()
    if module.rejection is not None:
        message = f"what is on disk was rejected; g{module.current} serves"
        yield "OutOfSync", "rejected", message, module.rejection.at
    elif book.paused or module.paused:
        resume = f"hotctl resume {module.name}" if module.paused and not book.paused else "hotctl resume"
        yield "OutOfSync", "paused", f"files changed while paused; `{resume}` loads them", since
    elif module.spec.watch == "manual":
        yield "OutOfSync", "manual", f"files changed; `hotctl reload {module.name}` loads them", since
    elif undone:
        message = f"what is on disk was undone; g{module.current} serves until it changes"
        yield "OutOfSync", "undone", f"{message}, or `hotctl reload {module.name} --force`", since
    else:
        yield "OutOfSync", "changed", f"files changed; `hotctl reload {module.name}` loads them", since
