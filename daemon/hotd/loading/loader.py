"""One line of generations: look, sketch, link, execute aside, swap one reference."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType

from hotd.contract.errors import Busy, LoadRejected
from hotd.core.bundle import Bundle, Carried
from hotd.loading import forks
from hotd.loading.attempt import Attempts
from hotd.loading.bundling import bundle_of
from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation
from hotd.loading.imports.asking import leave
from hotd.loading.imports.part import Part, connected
from hotd.loading.linking.pool import Pool
from hotd.loading.linking.survey import Paths
from hotd.loading.looks import Looks
from hotd.loading.memory.leaks import Leak, leaks_in
from hotd.loading.memory.sentinels import Sentinels
from hotd.loading.numbers import Numbers
from hotd.loading.plan import Plan
from hotd.loading.process import hooks
from hotd.loading.process.typecaches import forget_types, take_overloads
from hotd.loading.residue import Remains, Residue
from hotd.loading.roster import Roster
from hotd.loading.sources.roots import Roots


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
        self._pool = pool if pool is not None else Pool(plain_names=plain_names)
        self._turn = threading.RLock()
        """Held for a whole `load` or `reload`, so that two of them bring their results in the order of their looks."""
        forks.renew(self, "_turn", threading.RLock)
        self.remains = Remains()
        """What candidates that are no more left behind, and is still there."""
        self._roster = Roster()
        self._looks = Looks(roots, self._pool, self._roster)
        self._attempts = Attempts(self._roster, self._looks, self._pool, self.remains)
        self._numbers = Numbers(newest)
        self.executing: Callable[[str], None] = lambda _: None
        """Told the digest of what is about to be executed for the first time, on the thread that executes it."""
        self._sentinels = Sentinels()
        self.keep(keep)
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
        return self._roster.current

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Names in ``keep`` that were no part of the closure in the last look at the disk."""
        return self._looks.unmatched

    @property
    def generations(self) -> tuple[Generation, ...]:
        """The generations that are or were current and are still in memory, in the order of their first promotion."""
        return self._roster.past

    def touched_by(self, paths: Paths) -> bool:
        """Whether something at these absolute paths may matter to current, or to what was refused last. No I/O."""
        return self._looks.touched_by(paths)

    def beside(self) -> Mapping[str, str]:
        """Absolute path -> digest, for files that matter beside those of current: those of what was refused last and,
        with "", what it looked for in vain; or what anybody did where only a link leads to, so that no event tells.

        The same mapping while it is so. For one thread at a time; takes no lock.
        """
        return self._looks.beside()

    def prepare(self, paths: Iterable[str]) -> None:
        """Read and compile what is about to be looked at: a look that comes soon finds that done.

        Takes no lock that a look needs for longer than a moment. What is wrong with the files that look tells, not
        this. Large ones are left to it: to compile them keeps all others from the interpreter.
        """
        self._looks.prepare(paths)

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
        outcome = self._looks.plan(changed, entry, alone, rebuild)
        if isinstance(outcome, LoadRejected):
            raise outcome
        return outcome

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
        look = partial(self._looks.at_disk, changed, avoid, entry, alone, rebuild)
        outcome = self._attempts.make(look, self.executing)
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
        outcome = self._attempts.make(partial(self._looks.into, bundle, number), self.executing)
        if isinstance(outcome, Candidate):
            if number:
                self._numbers.had(number, bundle.digest)
            self._numbers.give(outcome.generation)
            return outcome
        raise outcome

    def bundle(self, generation: Generation) -> Bundle:
        """Everything that a generation of this loader was made of."""
        return bundle_of(generation, self._looks.roots)

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
            self._looks.promoting(chosen)
            self._sentinels.watch([*chosen.linked.values(), *generation.loaded], generation.number)
            chosen.before = {}
        self._roster.promote(chosen, self)
        self._looks.promoted()
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
        if candidate.unchanged or self._roster.was_current(generation):
            return None
        self._roster.drop(candidate)
        self._numbers.take_back(generation)
        if not candidate.restored:
            self._looks.refused(candidate)  # it is what the disk holds: what it imports may be its cure
        return self._attempts.undo(candidate)

    def keep(self, parts: Iterable[str]) -> None:
        """From now on these must not be executed again unless a load is told to, and no others."""
        self._looks.keep = tuple(dict.fromkeys(parts))

    def grow(self, roots: Sequence[str | Path], packages: Sequence[str | Path] = ()) -> None:
        """From now on code is looked for in these: all those of before, and more after them; or those of before again.

        Takes no lock: a look that is under way ends as it began. Generations look where they were loaded from.
        """
        self._looks.grow(self._looks.roots.grown(roots, packages))

    def step_down(self) -> None:
        """Nothing is current any more: what was can be retired, and the next load executes everything."""
        if (current := self._roster.current) is not None:
            take_overloads(current.parts)  # they would keep it in memory for ever
        self._roster.current = None
        self._looks.begin_again()

    def retire(self, generation: Generation) -> frozenset[str]:
        """Nobody goes back to this generation: from now on what is left of it in memory is a leak. Busy for current.

        The names of its parts that no other generation uses, not even of another loader.
        """
        if generation is self._roster.current:
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
        return leaks_in(self._sentinels, self._pool, collect=collect)

    def clear(self, residue: Residue, *, hooks: bool = True) -> tuple[str, ...]:
        """See `Residue.clear`. It runs user code."""
        return self.remains.clear(residue, hooks=hooks)

    def abandon(self) -> list[Residue]:
        """Give up whatever is being staged: its parts are not shared any more, should an import of theirs never end.

        What it did so far can be cleared, without hooks.
        """
        return [self._attempts.undo(candidate) for candidate in self._roster.give_up()]

    def close(self) -> None:
        """Let go of all generations and, with the last open loader, of every hook. Old code runs on. Idempotent."""
        if not self._roster.close():
            return
        leave(self)
        self._pool.leave(self)
        self.step_down()
        self._roster.forget()
        self._sentinels = Sentinels()
        self._unhook()

    def _bring(self, candidate: Candidate) -> Generation:
        return candidate.generation if candidate.unchanged else self.promote(candidate)

    # --- for the pool and for who asks -------------------------------------------------------------------------------

    def head(self) -> Generation | None:
        """The generation that outside code is answered by."""
        return self._roster.current

    def serving(self) -> Iterable[Generation]:
        """See `linking.pool.Member`."""
        return self._roster.serving

    def living(self) -> Iterable[Generation]:
        """See `linking.pool.Member`."""
        return self._roster.living

    def learned(self, part: Part, name: str) -> None:
        """See `linking.pool.Member`."""
        self._looks.learned(part, name)
        self._sentinels.came(part, name)
