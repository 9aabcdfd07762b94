"""One line of generations: look, sketch, link, execute aside, swap one reference."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType

from hotd.contract.errors import BadEntry, Busy, LoadRejected, WouldRebuild
from hotd.core import names
from hotd.core.bundle import Bundle, Carried
from hotd.loading import forks, keeping
from hotd.loading.admission import admit
from hotd.loading.bundling import Unpacked, bundle_of
from hotd.loading.candidate import Candidate, executed_since
from hotd.loading.generation import Generation
from hotd.loading.imports.asking import BOUND, Inherited, call_bound, leave, single, to_front
from hotd.loading.imports.execution import execute_chain, finished_by_now
from hotd.loading.imports.part import DONE, Part, connected
from hotd.loading.imports.standin import tidy
from hotd.loading.ledger import Ledger
from hotd.loading.linking.pool import Pool
from hotd.loading.linking.refusal import Avoided, does_not_run, in_user_code, with_digest
from hotd.loading.linking.sketch import entry_names, problem_of
from hotd.loading.linking.sketcher import Sketcher
from hotd.loading.linking.survey import Paths, Survey
from hotd.loading.memory.leaks import Leak, leaks_of
from hotd.loading.memory.sentinels import Sentinels, is_left
from hotd.loading.numbers import Numbers
from hotd.loading.outside.slots import now
from hotd.loading.plan import Plan, plan_of
from hotd.loading.process import hooks
from hotd.loading.process.typecaches import forget_types, give_back_overloads, take_overloads
from hotd.loading.residue import Remains, Residue, spaces_of
from hotd.loading.sources.disk import SOURCE
from hotd.loading.sources.roots import Roots

_Found = Candidate | tuple[Candidate, list[str]]
"""What is current already, or a candidate and the names in it to execute."""


_CLOSED = "the loader is closed"

LARGEST_AHEAD = 1 << 18
"""Bytes of a source that is compiled before somebody waits for it."""


class Loader:
    """Loads modules from source roots, generation after generation, each of which keeps its own code for ever.

    One loader is one line of generations over all names given to `load`. Several loaders may share a `Pool`. Methods
    may be called from any thread. While user code is executed no lock is held that `promote`, `current`, `touched_by`
    or another loader needs. Close it, or use it as a context manager: while any loader is open, ``sys.modules`` has
    stand-ins for managed names and ``threading.Thread`` hands generations on.
    """

    def __init__(
        self,
        roots: Sequence[str | Path] | Roots,
        *,
        pool: Pool | None = None,
        newest: tuple[int, str] | None = None,
        also: Sequence[str] = (),
        ignore: Sequence[str] = (),
        keep: Iterable[str] = (),
        plain_names: bool = False,
        packages: Sequence[str | Path] = (),
    ) -> None:
        """``newest`` is number and digest of the newest generation of an earlier life: numbers go on from there.

        Roots that are ready are taken as they are, with the files that they ask. ``packages`` are the folders of
        installed packages that are managed, too; what is installed beside them is shared as ever.

        Globs, held against names and root-relative paths: ``also`` declares data files, ``ignore`` excepts some.
        ``keep`` names parts that must not be executed again unless a load is told to (`hotd.loading.keeping`).

        ``plain_names``: code objects carry the plain path of their file, for coverage and debuggers, which look for it.
        The price: whoever shows lines of an old generation shows the file as it is now. Where a ``pool`` is given, what
        that was told counts, and to say otherwise here is a ValueError.
        """
        if pool is not None and plain_names and not pool.plain_names:
            raise ValueError("code of this pool has marked file names: make it with Pool(plain_names=True)")
        if not isinstance(roots, Roots):
            roots = Roots(roots, also=also, ignore=ignore, packages=packages)
        self._roots = roots
        self._keep = tuple(dict.fromkeys(keep))
        self.unmatched: tuple[str, ...] = ()
        """Names in ``keep`` that were no part of the closure in the last look at the disk."""
        self._pool = pool if pool is not None else Pool(plain_names=plain_names)
        self._turn = threading.RLock()
        """Held for a whole `load` or `reload`, so that two of them bring their results in the order of their looks."""
        self._looking = threading.RLock()
        """Guards the ledger: held while the disk is looked at and sketches become parts, never while user code runs."""
        self._ledger = Ledger(self._roots, self._pool.source)
        self._current: Generation | None = None
        self._past: list[weakref.ref[Generation]] = []
        self._staging: list[Generation] = []
        self._open: list[weakref.ref[Candidate]] = []
        self._executing: list[Candidate] = []
        self._listing = threading.RLock()
        """Guards those four lists and ``_closed``; readers take a list as it is, so each is replaced as a whole.
        Re-entrant, as the others: the garbage collector may run a user's ``__del__`` anywhere, and that may ask us."""
        for lock in ("_turn", "_looking", "_listing"):
            forks.renew(self, lock, threading.RLock)
        self._numbers = Numbers(newest)
        self.remains = Remains()
        """What candidates that are no more left behind, and is still there."""
        self.executing: Callable[[str], None] = lambda _: None
        """Told the digest of what is about to be executed for the first time, on the thread that executes it."""
        self._sentinels = Sentinels()
        self._closed = False
        self._pool.join(self)
        hooks.install()
        self._unhook = weakref.finalize(self, hooks.uninstall)
        self._unhook.atexit = False

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- what is there -------------------------------------------------------------------------------------------

    @property
    def current(self) -> Generation | None:
        """What new work should use; None before the first load."""
        return self._current

    @property
    def generations(self) -> tuple[Generation, ...]:
        """The generations that are or were current and are still in memory, in the order of their first promotion."""
        alive = (reference() for reference in self._past)
        return tuple(generation for generation in alive if generation is not None)

    def touched_by(self, paths: Paths) -> bool:
        """Whether something at these absolute paths may matter to current, or to what was refused last. No I/O."""
        return self._ledger.touched_by([os.fspath(path) for path in paths])

    def prepare(self, paths: Iterable[str]) -> None:
        """Read and compile what is about to be looked at: a look that comes soon finds that done.

        Takes no lock that a look needs for longer than a moment. What is wrong with the files that look tells, not
        this. Large ones are left to it: to compile them keeps all others from the interpreter.
        """
        disk = self._roots.disk()
        for path in paths:
            if path.endswith(SOURCE) and self._ledger.touched_by([path]):
                with contextlib.suppress(OSError):
                    problem_of(self._pool.source(path, disk.read(path, LARGEST_AHEAD)))

    # --- load, reload --------------------------------------------------------------------------------------------

    def load(self, name: str) -> Generation:
        """Load a module (dotted name) and make it current; it is reloaded with all others from now on.

        The current generation itself if it has the entry already and no digest changed. Raises LoadRejected or
        WouldRebuild, with everything as it was.
        """
        with self._turn:
            return self._bring(self.stage(entry=name))

    def reload(self, changed: Paths | None = None, *, rebuild: Collection[str] = ()) -> Generation:
        """Make the code on disk current. The same object when no digest changed. Raises LoadRejected, WouldRebuild.

        ``changed`` names the files to look at, relative or absolute, known or not; without it all known files are read.
        ``rebuild`` names kept parts that may be executed again this time.
        """
        with self._turn:
            return self._bring(self.stage(changed, rebuild=rebuild))

    def plan(
        self,
        changed: Paths | None = None,
        *,
        entry: str | None = None,
        alone: bool = False,
        rebuild: Collection[str] = (),
    ) -> Plan:
        """What `reload` would execute again and why, and what it would keep. Executes nothing. Raises LoadRejected."""
        outcome = self._planned(changed, entry, alone, rebuild)
        if isinstance(outcome, LoadRejected):
            raise outcome
        return outcome

    def _planned(
        self, changed: Paths | None, entry: str | None, alone: bool, rebuild: Collection[str]
    ) -> Plan | LoadRejected:
        with self._looking:
            try:
                survey = self._look(changed, entry, alone)
                self._refuse(survey)
            except LoadRejected as refused:
                return refused.with_traceback(None)
            return plan_of(survey, self._current, self._keep, rebuild)

    def stage(
        self,
        changed: Paths | None = None,
        *,
        avoid: Mapping[str, Carried] = MappingProxyType({}),
        entry: str | None = None,
        alone: bool = False,
        numbered: bool = True,
        rebuild: Collection[str] = (),
    ) -> Candidate:
        """Load aside what is on disk: look at it, execute what is affected, leave current alone.

        ``alone``: what was loaded before is not loaded with ``entry``, but for what that imports.

        Raises LoadRejected, whose ``digest`` attribute names the refused content and whose ``left`` tells what its
        execution left behind, taken away where that is safe; `Avoided` without executing anything when the content's
        digest is one of ``avoid`` (digest -> the ``carried`` of the refusal, or generation, that has it); WouldRebuild,
        likewise, when a part is kept that is not covered by ``rebuild``; Busy when called by code that this loader is
        just loading.
        The number is that of the newest numbered generation if that has the same digest, else the next one; with
        ``numbered=False`` it stays 0 until the candidate is promoted, so that trying consumes none.
        """
        outcome = self._attempt(lambda: self._from_disk(changed, avoid, entry, alone, rebuild))
        if isinstance(outcome, Candidate):
            if numbered:
                self._numbers.give(outcome.generation)
            return outcome
        # Raised here and not where it happened: its traceback then holds no frame that knows the candidate.
        raise outcome

    def restore(self, bundle: Bundle, number: int = 0) -> Candidate:
        """Load aside what `bundle` had kept, whatever the disk holds now: an undo to what left memory, or a start.

        ``number`` is the one the generation had; 0 takes the next. Parts that are in service with the same closure are
        shared. After its promotion the whole disk counts as not looked at. Raises LoadRejected as `stage` does.
        """
        outcome = self._attempt(lambda: self._unpack(bundle, number))
        if isinstance(outcome, Candidate):
            if number:
                self._numbers.had(number, bundle.digest)
            self._numbers.give(outcome.generation)
            return outcome
        raise outcome

    def bundle(self, generation: Generation) -> Bundle:
        """Everything that a generation of this loader was made of."""
        return bundle_of(generation, self._roots)

    def check(
        self, changed: Paths | None = None, *, entry: str | None = None, rebuild: Collection[str] = ()
    ) -> Candidate:
        """As `stage`, thrown away at once: consumes no number.

        The report tells ``digest``, ``reloaded``, ``kept``, and what it ``left`` behind.
        """
        candidate = self.stage(changed, entry=entry, numbered=False, rebuild=rebuild)
        self.discard(candidate)
        return candidate

    def promote(self, chosen: Candidate | Generation) -> Generation:
        """Make a candidate, or an earlier generation (undo), the current one: one reference is swapped.

        A generation keeps its number; later reloads compare the disk with it. Never waits for user code. Busy when the
        loader is closed.
        """
        generation = chosen.generation if isinstance(chosen, Candidate) else chosen
        self._numbers.give(generation)
        generation.retired = False
        if isinstance(chosen, Candidate) and not chosen.unchanged:
            self._ledger.promoted(chosen)
            self._sentinels.watch([*chosen.linked.values(), *generation.loaded], generation.number)
            chosen.before = {}
        with self._listing:
            self._refuse_when_closed()
            self._current = generation
            to_front(self)
            if all(reference() is not generation for reference in self._past):
                self._past = [one for one in self._past if one() is not None] + [weakref.ref(generation)]
            self._open = [one for one in self._open if one() not in (None, chosen)]
        self._ledger.refused()
        self._catch_up()
        if isinstance(chosen, Candidate):
            chosen.overloads = {}
        forget_types()
        return generation

    def discard(self, candidate: Candidate) -> tuple[str, ...]:
        """Throw a candidate away. Of one that is current, or was, nothing is taken.

        Its number is given back where none was given since: a load that came to nothing leaves no gap. Its
        ``__hot_dispose__`` is called, and what it left behind is taken away where that is safe: the sentences tell.
        """
        residue = self.let_go(candidate)
        if residue is not None:
            candidate.left = self.clear(residue)
        return candidate.left

    def let_go(self, candidate: Candidate) -> Residue | None:
        """The half of `discard` that is over at once; the other is to `clear` what this returns, if anything."""
        generation = candidate.generation
        if candidate.unchanged or any(one() is generation for one in self._past):
            return None
        with self._listing:
            self._open = [one for one in self._open if one() not in (None, candidate)]
        self._numbers.take_back(generation)
        if not candidate.restored:
            self._ledger.refused_candidate(candidate)  # it is what the disk holds: what it imports may be its cure
        return self._undo(candidate)

    def keep(self, parts: Iterable[str]) -> None:
        """From now on these must not be executed again unless a load is told to, and no others."""
        self._keep = tuple(dict.fromkeys(parts))

    def grow(self, roots: Sequence[str | Path], packages: Sequence[str | Path] = ()) -> None:
        """From now on code is looked for in these: all those of before, and more after them; or those of before again.

        Takes no lock: a look that is under way ends as it began. Generations look where they were loaded from.
        """
        self._roots = self._roots.grown(roots, packages)
        self._ledger.roots = self._roots

    def step_down(self) -> None:
        """Nothing is current any more: what was can be retired, and the next load executes everything."""
        self._let_go()

    def retire(self, generation: Generation) -> frozenset[str]:
        """Nobody goes back to this generation: from now on what is left of it in memory is a leak. Busy for current.

        The names of its parts that no other generation uses, not even of another loader.
        """
        if generation is self._current:
            raise Busy(f"g{generation.number} is current", hint="promote another generation first")
        generation.retired = True
        forget_types()
        left = connected(generation.entry_parts()) - self._pool.in_use()
        self._sentinels.left(left, generation.number)
        return frozenset(part.name for part in left)

    def leaks(self, *, collect: bool = True) -> tuple[Leak, ...]:
        """The code of earlier generations that is in memory though no generation that has it is, or was not retired.

        Collects garbage first where there is any suspicion, which stops every thread for as long as that takes; with
        ``collect=False`` garbage that was not collected yet is told, too.
        """
        left = self._sentinels.unused(self._pool.in_use())
        if left:
            forget_types()  # old code may have written types up to its end
        if left and collect:
            gc.collect()
            in_use = self._pool.in_use()
            left = [sentinel for sentinel in left if is_left(sentinel, in_use)]
        return leaks_of(left, self._pool)

    def clear(self, residue: Residue, *, hooks: bool = True) -> tuple[str, ...]:
        """See `Residue.clear`. It runs user code."""
        return self.remains.clear(residue, hooks=hooks)

    def abandon(self) -> list[Residue]:
        """Give up whatever is being staged: its parts are not shared any more, should an import of theirs never end.

        What it did so far can be cleared, without hooks.
        """
        with self._listing:
            self._staging, given_up = [], self._executing
        return [self._undo(candidate) for candidate in given_up]

    def close(self) -> None:
        """Let go of all generations and, with the last open loader, of every hook. Old code runs on. Idempotent."""
        with self._listing:
            if self._closed:
                return
            self._closed = True
        leave(self)
        self._pool.leave(self)
        self._let_go()
        self._open, self._staging, self._past = [], [], []
        self._sentinels = Sentinels()
        self._unhook()

    def _let_go(self) -> None:
        if self._current is not None:
            take_overloads(self._current.parts)  # they would keep it in memory for ever
        self._current = None
        ledger, self._ledger = self._ledger, Ledger(self._roots, self._pool.source)
        ledger.close()

    # --- one attempt ---------------------------------------------------------------------------------------------

    def _attempt(self, find: Callable[[], _Found]) -> Candidate | LoadRejected | WouldRebuild | Busy:
        """One load aside; a refusal is a value, so that nothing of it is kept alive by a traceback."""
        bound = BOUND.get()
        if bound is not None and any(one is scope for scope in single([bound]) for one in self._staging):
            raise Busy("this code is being loaded: it cannot load itself again", hint="reload after the import")
        self._refuse_when_closed()
        try:
            with self._looking:
                found = find()
            if isinstance(found, Candidate):
                return found
            candidate, wanted = found
            generation = candidate.generation
        except (LoadRejected, WouldRebuild) as refused:
            return refused.with_traceback(None)
        finally:
            self._catch_up()
        mark, candidate.before = finished_by_now(), now()
        forget_types()
        candidate.overloads = take_overloads(candidate.fresh)
        self.executing(generation.digest)
        try:
            with self._listing:
                self._refuse_when_closed()
                self._executing = [*self._executing, candidate]
            call_bound(Inherited([generation]), self._execute, candidate, wanted)
            with self._listing:
                self._refuse_when_closed()
                self._executing = [one for one in self._executing if one is not candidate]
                self._staging = [one for one in self._staging if one is not generation]
                self._open = [one for one in self._open if one() is not None] + [weakref.ref(candidate)]
        except BaseException as error:
            residue = self._undo(candidate, error)
            if issubclass(type(error), KeyboardInterrupt) and not in_user_code(error):  # isinstance asks the error too
                self.clear(residue, hooks=False)
                raise
            if self._closed:
                self.clear(residue)
                return Busy(_CLOSED)
            refusal = with_digest(does_not_run(error), generation.digest, generation.carried)
            refusal.left = self.clear(residue)
        else:
            generation.staging = False
            candidate.reloaded = executed_since([*candidate.fresh.values(), *generation.loaded], mark)
            return candidate
        self._ledger.refused_candidate(candidate)
        return refusal

    def _from_disk(
        self,
        changed: Paths | None,
        avoid: Mapping[str, Carried],
        entry: str | None,
        alone: bool,
        rebuild: Collection[str],
    ) -> _Found:
        survey = self._look(changed, entry, alone)
        self._refuse(survey, avoid)
        current = self._current
        if current is not None and survey.digest == current.digest:
            self._ledger.settle(survey.differing)
            return Candidate(current, unchanged=True)
        guard = keeping.refusal(survey, self._keep, rebuild)
        if guard is not None:
            self._remember(survey)
            raise guard
        index = survey.index
        generation = Generation(0, survey.digest, survey.entries)
        table, fresh = self._link(survey.sketcher, generation, self._roots, index.parts)
        # In the order of before: whether a circle can be entered hangs on where.
        before = sorted(
            (old.began, name) for name in fresh if (old := index.parts.get(name)) is not None and old.state is DONE
        )
        return self._ledger.candidate(generation, fresh, table), [*survey.entries, *(name for _, name in before)]

    def _unpack(self, bundle: Bundle, number: int) -> _Found:
        current = self._current
        if current is not None and bundle.digest == current.digest:
            return Candidate(current, unchanged=True)
        tidy()
        try:
            unpacked = Unpacked(bundle, self._roots, self._pool.source)
        except LoadRejected as refused:
            raise with_digest(refused, bundle.digest) from None
        generation = Generation(number, bundle.digest, bundle.entries)
        table, fresh = self._link(unpacked.sketcher, generation, unpacked.roots, {})
        return self._ledger.restored(generation, fresh, table), [*bundle.entries]

    def _look(self, changed: Paths | None, entry: str | None, alone: bool) -> Survey:
        tidy()
        current = self._current
        entries = current.entries if current is not None else ()
        if entry is not None and entry not in entries:
            try:
                admit(entry, self._roots)
            except BadEntry:
                self._ledger.refused(names.prefixes(entry))  # it may appear
                raise
            entries = (*entries, entry)
        if entry is not None and alone:
            entries = (entry,)
        survey = self._ledger.look(current, changed, entries, self._keep)
        self.unmatched = keeping.unmatched(survey, self._keep)
        return survey

    def _refuse(self, survey: Survey, avoid: Mapping[str, Carried] = MappingProxyType({})) -> None:
        errors, avoided = survey.sketcher.errors, survey.avoided(avoid)
        if avoided is not None:
            self._remember(survey, avoided)
            raise with_digest(Avoided("this content is not to be executed"), avoided.digest)
        if errors:
            self._remember(survey)
            raise with_digest(errors[0], survey.digest, survey.carried)

    def _remember(self, *surveys: Survey) -> None:
        """Whatever the refused content imports is of interest from now on: there may lie the cure."""
        sketched = {name: sketch for survey in surveys for name, sketch in survey.sketcher.sketches.items()}
        outside = {name for sketch in sketched.values() for name in sketch.missed}
        self._ledger.refused((*sketched, *outside))

    def _link(
        self, sketcher: Sketcher, generation: Generation, roots: Roots, previous: dict[str, Part]
    ) -> tuple[dict[str, Part], dict[str, Part]]:
        """Make parts of the sketches and give them to the generation. All that differ from current; those made now."""
        with self._pool.linking:
            table, fresh = self._pool.link(sketcher, previous, roots)
            for name in entry_names(generation.entries):
                part = table.get(name) or sketcher.kept(name)
                if part is not None:
                    generation.start_from(part)
            generation.linked = table
            with self._listing:
                self._staging = [*self._staging, generation]
        return table, fresh

    def _execute(self, candidate: Candidate, wanted: list[str]) -> None:
        def find(name: str) -> Part | None:
            return candidate.linked.get(name) or candidate.generation.find(name)

        for name in wanted:
            if (known := candidate.fresh.get(name)) is not None and known.state is DONE:
                continue  # whoever imported it went through the packages above
            chain = [part for prefix in names.prefixes(name) if (part := find(prefix)) is not None]
            if chain and chain[-1].name == name:
                execute_chain(chain)
                if chain[-1].state is not DONE:
                    raise Busy(f"{name} is being loaded by the code that asked for this load")

    def _undo(self, candidate: Candidate, error: BaseException | None = None) -> Residue:
        """Take back what a candidate brought, as if it had never been; what it left elsewhere is the residue."""
        generation = candidate.generation
        generation.staging = True  # whatever its hook still imports is noted, and taken back, too
        with self._listing:
            self._staging = [one for one in self._staging if one is not generation]
            self._executing = [one for one in self._executing if one is not candidate]
        for part, name, target in generation.added:
            part.drop_edge(name, target)
        self._pool.release([*candidate.fresh.values(), *generation.loaded])
        # Also what another loader had made: the last who lets go of it is the one to clear it.
        gone = self._pool.unused([*candidate.linked.values(), *generation.loaded])
        give_back_overloads(candidate.fresh, candidate.overloads)
        forget_types()
        return Residue(candidate, gone, spaces_of(error, gone) if error is not None else {})

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Busy(_CLOSED)

    def _bring(self, candidate: Candidate) -> Generation:
        return candidate.generation if candidate.unchanged else self.promote(candidate)

    def _catch_up(self) -> None:
        """Let the ledger let go of what is not current any more, unless a look is under way: that does it at its end.

        Who promotes swaps first and asks for the lock after; who has it gives it back and asks what is current after.
        So whoever is last brings the ledger up.
        """
        behind = True
        while behind and self._looking.acquire(blocking=False):
            try:
                self._ledger.catch_up(self._current)
            finally:
                self._looking.release()
            behind = not self._ledger.is_of(self._current)  # somebody promoted meanwhile, and was not let in

    # --- for the pool and for who asks -------------------------------------------------------------------------------

    def head(self) -> Generation | None:
        """The generation that outside code is answered by."""
        return self._current

    def serving(self) -> Iterable[Generation]:
        """See `linking.pool.Member`."""
        current = self._current
        return self._coming() if current is None else [current, *self._coming()]

    def living(self) -> Iterable[Generation]:
        """See `linking.pool.Member`."""
        return [*self._coming(), *reversed(self.generations)]

    def _coming(self) -> list[Generation]:
        """What is being loaded, then what is loaded and waits."""
        return [*self._staging, *(candidate.generation for one in self._open if (candidate := one()) is not None)]

    def learned(self, part: Part, name: str) -> None:
        """See `linking.pool.Member`."""
        self._ledger.learned(part, name)
        self._sentinels.came(part, name)
