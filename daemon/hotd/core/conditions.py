"""Health and the conditions beside it: phase says where a generation is, conditions say what a user should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hotd.contract.views import Condition, Health
from hotd.core.book import Book, Disk, Draining, Instance, Module
from hotd.core.durable import aside_message, refusal
from hotd.core.instances import is_crashing
from hotd.core.loads import at_cap, at_most
from hotd.core.residue import enumerated
from hotd.core.stale import restart_required
from hotd.core.times import rfc3339
from hotd.core.values import Instant
from hotd.core.wording import died_of, listed, located, not_served, waits


def conditions_of(book: Book, module: Module) -> tuple[Condition, ...]:
    """Everything that holds now, the gravest first."""
    return tuple(
        Condition(kind, reason, message, rfc3339(since)) for kind, reason, message, since in _conditions(book, module)
    )


def health_of(book: Book, module: Module, conditions: tuple[Condition, ...]) -> Health:
    """Degraded needs somebody; Progressing ends by itself; a refused edit over a current that serves is Healthy."""
    kinds = {condition.type for condition in conditions}
    changing = book.changing(module.name) is not None
    states = {instance.state for instance in module.instances.values()}
    if (
        (module.current is None and not changing)
        or kinds & {"CrashLooping", "Stalled"}
        or "abandoned" in states
        or module.hung
    ):
        return "Degraded"
    draining = any(isinstance(g.phase, Draining) for g in module.loaded)
    if changing or draining or states & {"starting", "stopping"} or "NotServing" in kinds:
        return "Progressing"
    return "Healthy"


def conditions_of_daemon(book: Book) -> tuple[Condition, ...]:
    """What holds for all modules."""
    found = [
        Condition("WatchDegraded", one.reason, one.message, rfc3339(since))
        for one, since in book.watch_troubles.values()
    ]
    store = book.store
    if store.trouble is not None and store.since is not None:
        message = f"{store.trouble.message}; what serves goes on, nothing new is promoted: {store.trouble.hint}"
        found.append(Condition("StoreDegraded", store.trouble.reason, message, rfc3339(store.since)))
    elif store.aside is not None:
        place, since = store.aside
        found.append(Condition("StoreDegraded", "aside", aside_message(place), rfc3339(since)))
    if book.config.rejected is not None:
        message, since = book.config.rejected
        message = f"hotd.toml is not applied: {message}; `hotctl apply` reads it again"
        found.append(Condition("Rejected", "not-applied", message, rfc3339(since)))
    if book.config.restart is not None:
        keys, since = book.config.restart
        message = f"hotd.toml says otherwise of {listed(keys)}, which takes effect when the daemon is restarted"
        found.append(Condition("RestartRequired", "configuration", message, rfc3339(since)))
    if book.outdated is not None:
        kind, reason, message, since = restart_required(book.outdated)
        found.append(Condition(kind, reason, message, rfc3339(since)))
    return tuple(found)


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
    if module.current is None and module.on_disk == "fatal" and module.disk is not None:
        cure = f"edit it, or `hotctl reload {module.name} --force`"
        message = f"{died_of('fatal', 'what is on disk')}; nothing runs; {cure}"
        yield "Rejected", "fatal", message, module.disk.since
    yield from _trouble(module)
    if module.outdated is not None:
        yield restart_required(module.outdated)
    yield from _serving(book, module)
    yield from _sync(book, module)


def _trouble(module: Module) -> Iterator[tuple[str, str, str, Instant]]:
    failed = [failure for failure in module.failures if failure.instance is not None]
    if is_crashing(module) and failed:
        message = f"{module.pace.quick_ends} instances in a row ended within a second: {failed[-1].error.message}"
        yield "CrashLooping", failed[-1].error.code, f"{message}; `hotctl errors {module.name}`", failed[-1].at
    for generation in module.loaded:
        if isinstance(generation.phase, Draining) and generation.phase.stalled is not None:
            names = _named(i for i in module.instances.values() if i.generation == generation.number and i.counts)
            message = f"g{generation.number} still drains past its deadline: {names}"
            yield "Stalled", "drain-deadline", message, generation.phase.stalled
    # Whoever a drain that is late waits for is named above.
    told = {g.number for g in module.loaded if isinstance(g.phase, Draining) and g.phase.stalled is not None}
    late = {
        i.id: i.stalled
        for i in module.instances.values()
        if i.stalled is not None and i.counts and i.generation not in told
    }
    if late:
        message = f"asked to end, and still running past the deadline: {', '.join(map(str, late))}"
        yield "Stalled", "drain-deadline", message, min(late.values())
    if module.hung:
        since = min(module.hung.values())
        number = f"{len(module.hung)} abandoned imports" if len(module.hung) > 1 else "an abandoned import"
        message = f"{number} of {module.name} will not end; the daemon's log has the stack, only a new daemon is clean"
        yield "Tainted", "import-abandoned", message, since
    if module.tainted is not None:
        left = _named(i for i in module.instances.values() if i.state == "abandoned")
        message = f"abandoned and not counted: {left}" if left else "instances were abandoned and ended late"
        yield "Tainted", "abandoned", f"{message}; only a new daemon is clean", module.tainted
    if module.left is not None:
        message = f"a load that came to nothing left behind {enumerated(module.left.what)}"
        yield "Tainted", "left-behind", f"{message}; what does not go by itself goes with the daemon", module.left.since
    if module.leaks:
        newest = max(module.leaks)
        names = listed([f"g{leaked}" for leaked in sorted(module.leaks)])
        message = f"{names} {'was' if len(module.leaks) == 1 else 'were'} retired and left code in memory"
        since = min(leak.since for leak in module.leaks.values())
        yield "Leaked", "still-held", f"{message}; `hotctl why {module.name} {newest}` tells who holds it", since


def _named(instances: Iterable[Instance]) -> str:
    return ", ".join(str(instance.id) for instance in instances)


def _serving(book: Book, module: Module) -> Iterator[tuple[str, str, str, Instant]]:
    if module.current is None or not module.wanted or module.served:
        return
    since = module.generations[module.current].phase.since
    if sentence := not_served(module):
        yield "NotServing", "draining", sentence, since
    elif (full := at_most(book)) is not None:
        message = f"g{module.current} is current but nothing runs it: {full.message}"
        yield "NotServing", "max-instances", message, since
    else:
        slow = "; ends come too fast, the next start waits" if module.pace.quick_ends else ""
        yield "NotServing", "starting", f"g{module.current} is current, no instance runs yet{slow}", since


def _sync(book: Book, module: Module) -> Iterator[tuple[str, str, str, Instant]]:
    if module.current is None or module.disk is None or not module.differs:
        return
    if (staged := book.changing(module.name)) is not None and staged.by_hand:
        yield "OutOfSync", "staged", waits(module.name, staged), staged.started
    else:
        yield from _not_loaded(book, module, module.current, module.disk)


def _not_loaded(book: Book, module: Module, current: int, disk: Disk) -> Iterator[tuple[str, str, str, Instant]]:
    since = max(disk.since, module.generations[current].phase.since)
    serves, reload = f"g{current} serves", f"`hotctl reload {module.name}"
    if module.on_disk == "rejected":
        yield "OutOfSync", "rejected", f"what is on disk was rejected; {serves}", since
    elif module.on_disk in ("undone", "aborted"):
        message = f"what is on disk was {module.on_disk}; {serves} until it changes, or {reload} --force`"
        yield "OutOfSync", module.on_disk, message, since
    elif module.on_disk == "rolled-back":
        message = f"what is on disk was rolled back, its first instances all failed; {serves} until it changes, or "
        yield "OutOfSync", "rolled-back", f"{message}`hotctl retry {module.name}`", since
    elif module.on_disk in ("died", "fatal"):
        message = f"{died_of(module.on_disk, 'what is on disk')}; {serves} until it changes, or {reload} --force`"
        yield "OutOfSync", module.on_disk, message, since
    elif module.pinned:
        message = f"files changed, and the module is pinned; `hotctl unpin {module.name}` lets them be loaded"
        yield "OutOfSync", "pinned", message, since
    elif (withheld := module.withholding) is not None:
        yield "OutOfSync", withheld.error.code, f"{withheld.error.message}; {serves}; {withheld.error.hint}", since
    elif module.spec.watch == "manual":
        yield "OutOfSync", "manual", f"files changed; {reload}` loads them", since
    elif module.pending and (hold := book.deployed(module)) is not None:
        message = f"files changed; {hold.actor.name} is deploying ({hold.cause}), they are loaded when that has ended"
        yield "OutOfSync", "deploying", message, since
    elif module.pending and (book.paused or module.paused):
        resume = "hotctl resume" if book.paused else f"hotctl resume {module.name}"
        end = book.paused_to(module)
        until, at_once = (f" (until {rfc3339(end)})", " at once") if end is not None else ("", "")
        yield "OutOfSync", "paused", f"files changed while paused{until}; `{resume}` loads them{at_once}", since
    elif blocked := at_cap(module) or refusal(book):
        yield "OutOfSync", blocked.code, f"files changed; {blocked.message}; {blocked.hint}", since
    else:
        yield "OutOfSync", "changed", f"files changed; {reload}` loads them", since
