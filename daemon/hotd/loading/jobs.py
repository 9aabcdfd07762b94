"""What the engine asks to be loaded, each on a thread of its own, since it runs user code.

An import may take ten seconds or for ever. Whatever a job comes to is one plain value for the engine; generations and
exceptions never leave this room.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from hotd import stacks
from hotd.contract.errors import HotdError, LoadRejected, Vetoed, WouldRebuild
from hotd.contract.views import Origin
from hotd.core.arguments import fill
from hotd.core.border import Raised, call
from hotd.core.bundle import Bundle
from hotd.core.marks import plain
from hotd.core.messages import (
    Avoided as AvoidedOutcome,
)
from hotd.core.messages import (
    Checked,
    LoadJob,
    LoadKind,
    LoadOutcome,
    Planned,
    Rejected,
    Staged,
    Unchanged,
)
from hotd.core.messages import (
    WouldRebuild as WouldRebuildOutcome,
)
from hotd.core.values import Instant
from hotd.loading.ahead import Ahead
from hotd.loading.candidate import Candidate
from hotd.loading.clearing import Clearing
from hotd.loading.entry import Entry, EntryCode, resolve_entry
from hotd.loading.hosted import Hosted
from hotd.loading.linking.refusal import Avoided, does_not_run, with_digest
from hotd.loading.loader import Loader
from hotd.loading.plan import Plan
from hotd.loading.slow_look import SlowLook
from hotd.loading.sticky import imported
from hotd.ports import Clock, Trials

log = logging.getLogger("hotd.loading")

HOT_CHECK = "__hot_check__"


@dataclass(slots=True)
class _Running:
    job: LoadJob
    thread: threading.Thread


class Jobs:
    """Runs each of them at once, and reports to the sink it was given. Called from the engine's thread."""

    def __init__(
        self,
        lines: Mapping[str, Hosted],
        clock: Clock,
        clearing: Clearing,
        *,
        kept: Callable[[str], Bundle] | None,
        trials: Trials | None,
        settled: Callable[[], None],
    ) -> None:
        """``lines`` are the hosted modules by name, as they are when one is asked for; the rest as `Hosting` has it."""
        self.slow_look: SlowLook | None = None
        """Hears of every load that is over."""
        self._lines = lines
        self._clock = clock
        self._clearing = clearing
        self._kept = kept
        self._trials = trials
        self._settled = settled
        self._ahead = Ahead()
        self._running: dict[int, _Running] = {}
        self._lock = threading.Lock()
        """Guards those that run: a job ends on its own thread."""

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        """See `hotd.ports.Loading.start`."""
        loader_thread = self._ahead.take(job.module)
        with self._lock:
            self._running[job.id] = _Running(job, loader_thread.thread)
        loader_thread.run(partial(self._work, job, sink))

    def prepare(self, module: str, paths: frozenset[str]) -> None:
        """See `hotd.ports.Loading.prepare`."""
        self._ahead.prepare(module, partial(self._lines[module].prepare, paths, self._clock))

    def abandon(self, job: int) -> str | None:
        """See `hotd.ports.Loading.abandon`."""
        with self._lock:
            running = self._running.get(job)
        if running is None:
            return None
        loader = self._lines[running.job.module].loader
        self._clearing.begin(running.job.module, loader, loader.abandon(), hooks=False)
        stack = traceback.StackSummary.extract(stacks.from_outside(stacks.of_thread(running.thread.ident)))
        return plain("".join(stack.format())) or None

    def close(self) -> None:
        """Threads that wait for a job are let go; those of a job are left alone."""
        self._ahead.close()

    # --- on the job's thread ---------------------------------------------------------------------------------------

    def _work(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        began, held = self._clock.now(), imported()
        whence: tuple[Origin, ...] = ()
        try:
            whence = self._lines[job.module].origins(self._clock) if _reads_for_good(job) else ()
            outcome = self._outcome(job, began)
        except HotdError as error:
            # Most are LoadRejected; what is to come from the store may be gone, and the loader closed meanwhile.
            outcome = self._rejected(job, error, began)
        except Exception as error:
            log.exception("a defect of the loader", extra={"event": "loader.defect", "hosted": job.module})
            defect = LoadRejected(
                f"a defect of the loader: {type(error).__name__}: {error}", hint="see the daemon's log"
            )
            outcome = self._rejected(job, defect, began)
        if self._trials is not None:
            self._trials.end(job.module)
        if job.follows:
            # It may have read half of a checkout that began meanwhile: then it is superseded by the whole of it.
            self._settled()
        self._clearing.look(job.module, self._lines[job.module].loader)
        with self._lock:
            del self._running[job.id]
        sink(replace(outcome, origins=whence))
        if self.slow_look is not None:
            self.slow_look.loaded(imported=imported() != held)

    def _outcome(self, job: LoadJob, began: Instant) -> LoadOutcome:
        line = self._lines[job.module]
        loader, part = line.loader, job.entry.partition(":")[0]
        changed = None if job.changed is None else sorted(job.changed)
        if job.kind is LoadKind.PLAN:
            return self._planned(
                job, loader.plan(changed, entry=part, alone=True, rebuild=job.rebuild), loader.unmatched
            )
        # What hangs in a hook may cost no more of the deadline than leaves time for the load.
        self._clearing.wait(job.module, job.within / 2)
        try:
            if job.restores is not None:
                candidate = self._restored(loader, *job.restores)
            else:
                candidate = loader.stage(
                    changed, avoid=job.avoid, entry=part, alone=True, numbered=job.kind is LoadKind.STAGE,
                    rebuild=job.rebuild,
                )  # fmt: skip
        except Avoided as avoided:
            return AvoidedOutcome(job, avoided.digest)
        except WouldRebuild as refused:
            return _would_rebuild(job, refused)
        if candidate.unchanged and job.kind is LoadKind.STAGE:
            if job.recheck:
                line.reentry = EntryCode(candidate.generation, _entry(candidate, job), part)
            return Unchanged(job, candidate.digest)
        try:
            code = _checked(candidate, job)
        except BaseException as error:  # noqa: BLE001 - looking an entry up runs user code: __getattr__, properties
            refusal = error if isinstance(error, LoadRejected) else does_not_run(error)
            refusal.left = loader.discard(candidate)
            raise with_digest(refusal, candidate.digest, candidate.generation.carried) from None
        if job.kind is LoadKind.CHECK:
            left = loader.discard(candidate)
            self._clearing.told(job.module, left)
            return Checked(job, candidate.digest, candidate.reloaded, self._since(began), loader.unmatched, left)
        line.tell_unmatched()
        line.staged[candidate.number] = candidate, code
        bundle = None if job.restores is not None else loader.bundle(candidate.generation)
        return Staged(job, candidate.number, candidate.digest, candidate.reloaded, self._since(began), bundle)

    def _restored(self, loader: Loader, number: int, digest: str) -> Candidate:
        assert self._kept is not None, "who hosts without a store asks for nothing of it"
        return loader.restore(self._kept(digest), number)

    def _rejected(self, job: LoadJob, error: HotdError, began: Instant) -> Rejected:
        refused = error if isinstance(error, LoadRejected) else LoadRejected("")
        digest, carried, left = refused.digest, refused.carried, refused.left
        self._clearing.told(job.module, left)
        return Rejected(
            job, digest, error.code, error.message, error.hint, error.file, error.line, error.traceback,
            self._since(began), left, carried,
        )  # fmt: skip

    def _planned(self, job: LoadJob, plan: Plan, unmatched: tuple[str, ...]) -> Planned:
        refusal = _would_rebuild(job, plan.refusal) if plan.refusal is not None else None
        shared = self._shared(job.module, plan.kept)
        return Planned(job, plan.digest, plan.changed, plan.executed, plan.kept, refusal, unmatched, shared)

    def _shared(self, module: str, parts: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Those of the module's current parts that are the same objects in what is current elsewhere."""
        mine = self._lines[module].loader.current
        theirs = [(name, line.loader.current) for name, line in tuple(self._lines.items()) if name != module]
        found = [
            (name, tuple(part for part in parts if (own := mine.find(part)) is not None and its.find(part) is own))
            for name, its in theirs
            if mine is not None and its is not None
        ]
        return tuple((name, same) for name, same in found if same)

    def _since(self, began: Instant) -> float:
        return self._clock.now().mono - began.mono


def _reads_for_good(job: LoadJob) -> bool:
    """Whether anybody will want to know where what it reads came from."""
    return job.kind is LoadKind.STAGE and job.restores is None


def _would_rebuild(job: LoadJob, error: WouldRebuild) -> WouldRebuildOutcome:
    return WouldRebuildOutcome(job, error.digest, error.parts, error.message, error.file, error.line)


def _entry(candidate: Candidate, job: LoadJob) -> Entry:
    args = tuple(fill(arg, 1) for arg in job.args)
    kwargs = {key: fill(value, 1) for key, value in job.kwargs.items()}
    return resolve_entry(candidate, job.entry, args, kwargs)


def _checked(candidate: Candidate, job: LoadJob) -> EntryCode:
    """The entry, once it is known to be callable as configured and the module's own check agrees."""
    entry = _entry(candidate, job)
    hook = getattr(candidate.module(job.entry.partition(":")[0]), HOT_CHECK, None)
    if hook is not None:
        said = call(candidate.run, hook)
        if isinstance(said, Raised):
            failure = said.failure
            raise Vetoed(
                f"{HOT_CHECK} of {job.module} raised {failure.kind}: {failure.message}",
                file=failure.file, line=failure.line, traceback=failure.traceback,
            )  # fmt: skip
        if said.value is False:
            raise Vetoed(f"{HOT_CHECK} of {job.module} returned False")
    return EntryCode(candidate.generation, entry, job.entry.partition(":")[0])
