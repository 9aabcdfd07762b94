"""The loader as the daemon uses it: one line of generations for each hosted module, over one pool of parts.

Jobs run on threads of their own, since they run user code: an import may take ten seconds or for ever. Whatever a
job comes to is one plain value for the engine; generations and exceptions never leave this room.
"""

from __future__ import annotations

import gc
import logging
import threading
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

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
    Holder,
    LoadJob,
    LoadKind,
    LoadOutcome,
    PartFile,
    Planned,
    Rejected,
    Staged,
    StaleReport,
    Unchanged,
)
from hotd.core.messages import (
    WouldRebuild as WouldRebuildOutcome,
)
from hotd.core.values import EntryKind, Instant
from hotd.core.wording import unmatched_note
from hotd.loading.ahead import PATIENCE, Ahead
from hotd.loading.candidate import Candidate
from hotd.loading.clearing import Clearing
from hotd.loading.entry import Entry, resolve_entry
from hotd.loading.generation import Generation
from hotd.loading.linking.pool import Pool
from hotd.loading.linking.refusal import Avoided, does_not_run, with_digest
from hotd.loading.loader import Loader
from hotd.loading.plan import Plan
from hotd.loading.reclaim import DEFAULT, Leaving, Pacing, Reclaim
from hotd.loading.slow_look import PAUSE, SlowLook, Uses
from hotd.loading.sources.origins import Whence
from hotd.loading.sticky import Sticky, imported
from hotd.ports import Afterlife, Clock, Trials

log = logging.getLogger("hotd.loading")

HOT_CHECK = "__hot_check__"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class EntryCode:
    """The entry of one generation, ready to run; holding it keeps the generation in memory."""

    generation: Generation
    entry: Entry
    part: str
    """The name of the part that has it."""
    lent: weakref.WeakSet[EntryCode] = field(default_factory=weakref.WeakSet)
    """One for everybody who runs it."""

    def lend(self) -> EntryCode:
        """The same, for somebody who drops it when he runs it no more."""
        borrowed = EntryCode(self.generation, self.entry, self.part)
        self.lent.add(borrowed)
        return borrowed

    @property
    def kind(self) -> EntryKind:
        return self.entry.kind

    @property
    def target(self) -> Callable[..., Any]:
        return self.entry.target

    def run(self, fn: Callable[..., Any], *args: Any) -> Any:
        return self.generation.run(fn, *args)


@dataclass(slots=True)
class _Line:
    """One hosted module."""

    loader: Loader
    roots: tuple[str, ...]
    codes: dict[int, EntryCode] = field(default_factory=dict)
    """What is or was current and is in memory."""
    staged: dict[int, tuple[Candidate, EntryCode]] = field(default_factory=dict)
    """Apart from those: content that is loaded again has the number of a generation that may be there still."""
    whence: tuple[Whence, float] | None = None
    """Where its code came from while a load was prepared, and when that was, in monotonic seconds."""
    told: tuple[str, ...] = ()
    """Names in ``keep`` that were told to be no part."""
    reentry: EntryCode | None = None
    """Of what is current, as it may be entered from now on."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Absolute path -> digest, for every file that `sources_of` was made of; it holds none of its code."""
    sources_of: tuple[Callable[[], Generation | None], int] = (lambda: None, 0)
    """A generation, weakly, and how many parts it had: a lazy import may find another."""


@dataclass(slots=True)
class _Running:
    job: LoadJob
    thread: threading.Thread


class Hosting:
    """Implements ``hotd.ports.Loading``. Called from the engine's thread; jobs report to the sink they were given.

    ``also`` and ``ignore`` are globs of data files, ``plain_names`` is for code, as `Loader` has them.
    ``afterlife`` hears, from any thread, of retired generations; ``left_behind`` that what candidates left may be
    another.
    """

    def __init__(
        self,
        clock: Clock,
        afterlife: Callable[[Afterlife], None] = lambda _: None,
        *,
        also: Sequence[str],
        ignore: Sequence[str],
        plain_names: bool = False,
        left_behind: Callable[[str], None] = lambda _: None,
        kept: Callable[[str], Bundle] | None = None,
        trials: Trials | None = None,
        settled: Callable[[], None] = lambda: None,
        pacing: Pacing = DEFAULT,
    ) -> None:
        """``kept`` gives back the sources of a digest, ``trials`` remembers what the process may die of, ``settled``
        waits until the engine has heard of whatever changed on disk until now.
        """
        self._clearing = Clearing(left_behind)
        self._left_behind = left_behind
        self._clock = clock
        self._kept = kept
        self._trials = trials
        self._settled = settled
        self._also = also
        self._ignore = ignore
        self._reclaim = Reclaim(clock, afterlife, pacing)
        self._pool = Pool(plain_names=plain_names)
        self._lines: dict[str, _Line] = {}
        self._sticky = Sticky()
        self._slow_look: SlowLook | None = None
        self._replaced: list[_Line] = []
        """Of modules that went and came back: of those that left memory somebody may still hold something."""
        self._ahead = Ahead()
        self._running: dict[int, _Running] = {}
        self._lock = threading.Lock()

    def host(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...] = (),
        newest: tuple[int, str] | None = None,
        packages: tuple[str, ...] = (),
    ) -> None:
        loader = Loader(
            roots, pool=self._pool, newest=newest, also=self._also, ignore=self._ignore, keep=keep, packages=packages
        )
        loader.remains.changed = partial(self._left_behind, module)
        if self._trials is not None:
            loader.executing = partial(self._trials.begin, module)
        if module in self._lines:
            self._replaced.append(self._lines[module])
        self._lines[module] = _Line(loader, roots)

    def respecify(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...],
        packages: tuple[str, ...],
        entered: bool | None = None,
    ) -> None:
        line = self._lines[module]
        line.loader.keep(keep)
        line.loader.grow(roots, packages)
        line.roots = roots
        code = line.reentry
        if entered is not None:
            line.reentry = None
        if code is not None and entered and (before := line.codes.get(code.generation.number)) is not None:
            # Whoever runs it holds the generation, however that was entered.
            line.codes[code.generation.number] = replace(code, lent=before.lent)

    def unhost(self, module: str) -> None:
        self._lines[module].loader.step_down()

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        loader_thread = self._ahead.take(job.module)
        with self._lock:
            self._running[job.id] = _Running(job, loader_thread.thread)
        loader_thread.run(partial(self._work, job, sink))

    def prepare(self, module: str, paths: frozenset[str]) -> None:
        self._ahead.prepare(module, partial(self._prepare, self._lines[module], paths))

    def abandon(self, job: int) -> str | None:
        with self._lock:
            running = self._running.get(job)
        if running is None:
            return None
        loader = self._lines[running.job.module].loader
        self._clearing.begin(running.job.module, loader, loader.abandon(), hooks=False)
        stack = traceback.StackSummary.extract(stacks.from_outside(stacks.of_thread(running.thread.ident)))
        return plain("".join(stack.format())) or None

    def promote(self, module: str, number: int) -> None:
        line = self._lines[module]
        if number in line.staged:
            before = line.codes.get(number)
            candidate, line.codes[number] = line.staged.pop(number)
            line.loader.promote(candidate)
            if before is not None:
                # The book knows one generation of that number. Those who run this one finish on it, unseen.
                self._retire(module, before, unseen=True)
        else:
            line.loader.promote(line.codes[number].generation)

    def discard(self, module: str, number: int) -> None:
        line = self._lines[module]
        if number in line.staged:
            candidate, _ = line.staged.pop(number)
            residue = line.loader.let_go(candidate)
            self._clearing.begin(module, line.loader, [residue] if residue is not None else [])

    def left_behind(self, module: str) -> tuple[str, ...]:
        return self._lines[module].loader.remains.still

    def retire(self, module: str, number: int) -> None:
        code = self._lines[module].codes.pop(number, None)
        if code is not None:
            self._retire(module, code)

    def holders(self, module: str, number: int, within: float) -> tuple[Holder, ...]:
        loader = self._lines[module].loader
        self._reclaim.collector.collect()
        self._reclaim.look_soon()
        leaks = loader.leaks(collect=False)
        return next((leak.holders(within) for leak in leaks if leak.generation == number), ())

    def touched_by(self, module: str, paths: frozenset[str]) -> bool:
        # Nobody can load native code anew, and nothing else of the module has changed with it.
        return self._lines[module].loader.touched_by([path for path in paths if not self._sticky.holds(path)])

    def closure(self, module: str) -> tuple[PartFile, ...]:
        generation = self._lines[module].loader.current
        if generation is None:
            return ()
        sources = [(name, part.source) for name, part in sorted(generation.table().items())]
        return tuple(PartFile(name, source.path, source.digest) for name, source in sources if source is not None)

    def sources(self) -> tuple[Mapping[str, str], ...]:
        """Absolute path -> digest, for every file of what is current: a mapping for each module, the same while it is.

        From any thread.
        """
        return tuple(_sources(line) for line in tuple(self._lines.values()))

    def bundle(self, module: str, number: int) -> Bundle | None:
        line = self._lines[module]
        code = line.codes.get(number)
        return None if code is None else line.loader.bundle(code.generation)

    def code(self, module: str, number: int) -> EntryCode:
        return self._lines[module].codes[number].lend()

    def slow_look(self, sink: Callable[[StaleReport], None], pause: float = PAUSE) -> SlowLook:
        """What looks after everything that is imported for good; it is to be started, and closed before this."""
        self._slow_look = SlowLook(self._sticky, self._uses, sink, self._clock, pause)
        return self._slow_look

    def close(self) -> None:
        self._ahead.close()
        self._clearing.close()
        self._reclaim.close()
        for line in (*self._lines.values(), *self._replaced):
            line.codes.clear()
            line.staged.clear()
            line.loader.close()

    def _retire(self, module: str, code: EntryCode, *, unseen: bool = False) -> None:
        loader, lent = self._lines[module].loader, code.lent
        self._reclaim.retire(Leaving(module, code.generation, code.part, loader, lambda: len(lent) > 0, unseen))

    # --- on hotd-slow-look -------------------------------------------------------------------------------------------

    def _uses(self) -> dict[str, Uses]:
        found: dict[str, Uses] = {}
        for module, line in tuple(self._lines.items()):
            parts = (part for generation in line.loader.living() for part in generation.table().values())
            found[module] = Uses(line.roots, frozenset(name for part in parts for name in part.outside))
        return found

    # --- on the job's thread ---------------------------------------------------------------------------------------

    def _prepare(self, line: _Line, paths: frozenset[str]) -> None:
        line.loader.prepare(paths)
        line.whence = Whence(line.roots), self._clock.now().mono
        if gc.isenabled():
            gc.collect(0)  # one is due every seven hundred objects, and would come in the middle of the load

    def _whence(self, line: _Line) -> tuple[Origin, ...]:
        known, line.whence = line.whence, None
        if known is not None:
            whence, at = known
            if whence.roots == line.roots and at > self._clock.now().mono - PATIENCE and whence.holds():
                return whence.origins
        return Whence(line.roots).origins

    def _work(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        began, held = self._clock.now(), imported()
        whence: tuple[Origin, ...] = ()
        try:
            whence = self._whence(self._lines[job.module]) if _reads_for_good(job) else ()
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
        if self._slow_look is not None:
            self._slow_look.loaded(imported=imported() != held)

    def _outcome(self, job: LoadJob, began: Instant) -> LoadOutcome:
        line = self._lines[job.module]
        loader, part = line.loader, job.entry.partition(":")[0]
        changed = None if job.changed is None else sorted(job.changed)
        if job.kind is LoadKind.PLAN:
            return self._planned(
                job, loader.plan(changed, entry=part, alone=True, rebuild=job.rebuild), loader.unmatched
            )
        self._clearing.wait(job.module)
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
        self._tell_unmatched(job.module, line)
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

    @staticmethod
    def _tell_unmatched(module: str, line: _Line) -> None:
        names = line.loader.unmatched
        if names and names != line.told:
            log.warning("%s", unmatched_note(module, names), extra={"event": "loader.keep-unmatched", "hosted": module})
        line.told = names

    def _since(self, began: Instant) -> float:
        return self._clock.now().mono - began.mono


def _sources(line: _Line) -> Mapping[str, str]:
    generation = line.loader.current
    parts = generation.table() if generation is not None else {}
    known, number = line.sources_of
    if known() is not generation or number != len(parts):
        found = {part.source.path: part.source.digest for part in parts.values() if part.source is not None}
        data = (part.data for part in parts.values() if part.data is not None)
        found |= {file.path: file.digest for its in data for file in its.files.values()}
        line.sources = found
        line.sources_of = (weakref.ref(generation) if generation is not None else lambda: None), len(parts)
    return line.sources


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
