"""Load jobs: what is to be looked at, what must not be executed."""

from __future__ import annotations

from collections.abc import Mapping

from hotd.contract.errors import HotdError, TooManyGenerations, TooManyInstances
from hotd.core.book import EVERYTHING, Book, InLoad, Module, Rollout, Standby
from hotd.core.bundle import Carried
from hotd.core.concluding import with_member
from hotd.core.copies import replace
from hotd.core.effects import Effect, StartLoad
from hotd.core.messages import LoadJob, LoadKind
from hotd.core.values import Instant
from hotd.core.wording import listed


def load(book: Book, rollout: Rollout, module: Module, now: Instant, *, again: int) -> tuple[Book, Effect]:
    """One job. Everything is looked at again where the disk already differed: the named files are not all then."""
    named_files = rollout.by_watch and module.pending and not module.differs and module.current is not None
    goal = rollout.goals.get(module.name)
    changed = rollout.config.changed if rollout.config is not None else ()
    spec = next((one for one in changed if one.name == module.name), module.spec)
    job = LoadJob(
        book.next_job,
        module.name,
        spec.entry,
        spec.args,
        spec.kwargs,
        rollout.kind,
        module.pending if named_files and EVERYTHING not in module.pending else None,
        _avoided(rollout, module),
        rollout.rebuild,
        None if goal is None else (goal, module.generations[goal].digest),
        spec is not module.spec,
        rollout.by_watch,
        spec.load_deadline,
    )
    if rollout.kind is LoadKind.STAGE and goal is None:
        module = replace(module, pending=frozenset())
    book = book.having(module)
    book = with_member(book, rollout, module.name, InLoad(job.id, now.mono + spec.load_deadline, again))
    return replace(book, next_job=book.next_job + 1), StartLoad(job)


DECIDED = frozenset({"undone", "died", "fatal", "aborted", "rolled-back"})
"""Why content is kept out for persons, too: plain `reload` refuses it."""


def _avoided(rollout: Rollout, module: Module) -> Mapping[str, Carried]:
    """The watcher loads nothing that is quarantined; a person may try again what was rejected.

    What the daemon died of is tried all the same where there is nothing else to run, unless it dies of importing it.
    """
    if rollout.force or rollout.kind is not LoadKind.STAGE:
        return {}
    last_hope = frozenset({"died"}) if module.current is None else frozenset[str]()
    careful = rollout.by_watch or rollout.wary
    kept_out = (frozenset({"rejected", *DECIDED}) if careful else DECIDED) - last_hope
    return {digest: module.carried.get(digest, ()) for digest, why in module.quarantine.items() if why in kept_out}


def at_cap(module: Module) -> HotdError | None:
    """The refusal where no further generation fits; those on standby make room and do not count."""
    busy = [g for g in module.loaded if not isinstance(g.phase, Standby)]
    if len(busy) < module.spec.max_generations:
        return None
    holders = [i for i in module.instances.values() if i.counts and i.generation != module.current]
    oldest = min((i.generation for i in holders), default=None)
    return TooManyGenerations(
        f"{len(busy)} generations of {module.name} are in use, max_generations is {module.spec.max_generations}; "
        f"held by {', '.join(str(i.id) for i in holders)}",
        hint=f"`hotctl drain {module.name} {oldest}` asks who runs the oldest to end",
    )


def at_most(book: Book) -> HotdError | None:
    """The refusal where no further instance fits; who finishes on older code is named."""
    if book.alive < book.max_instances:
        return None
    old = [
        str(i.id)
        for module in book.modules.values()
        for i in module.instances.values()
        if i.counts and i.generation != module.current
    ]
    message = f"max_instances = {book.max_instances} of the whole daemon is reached"
    if old:
        run = "runs" if len(old) == 1 else "run"
        message += f"; {listed(old)} still {run} older generations"
    hint = "`hotctl blocking` tells where they stand" if old else "wait for one to end"
    return TooManyInstances(message, hint=f"{hint}, or raise it under [daemon] in hotd.toml")
