"""The loader as the daemon uses it: one line of generations for each hosted module, over one pool of parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from hotd.core.bundle import Bundle
from hotd.core.messages import Holder, LoadJob, LoadOutcome, PartFile, StaleReport
from hotd.loading.clearing import Clearing
from hotd.loading.entry import EntryCode
from hotd.loading.hosted import Hosted
from hotd.loading.jobs import Jobs
from hotd.loading.linking.pool import Pool
from hotd.loading.loader import Loader
from hotd.loading.reclaim import DEFAULT, Leaving, Pacing, Reclaim
from hotd.loading.slow_look import PAUSE, SlowLook, Uses
from hotd.loading.sticky import Sticky
from hotd.ports import Afterlife, Clock, Trials


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
        self._trials = trials
        self._also = also
        self._ignore = ignore
        self._reclaim = Reclaim(clock, afterlife, pacing)
        self._pool = Pool(plain_names=plain_names)
        self._sticky = Sticky()
        self._lines: dict[str, Hosted] = {}
        self._replaced: list[Hosted] = []
        """Of modules that went and came back: of those that left memory somebody may still hold something."""
        self._jobs = Jobs(self._lines, clock, self._clearing, kept=kept, trials=trials, settled=settled)

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
        self._lines[module] = Hosted(module, loader, roots)

    def respecify(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...],
        packages: tuple[str, ...],
        entered: bool | None = None,
    ) -> None:
        self._lines[module].respecify(roots, keep, packages, entered)

    def unhost(self, module: str) -> None:
        self._lines[module].loader.step_down()

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        self._jobs.start(job, sink)

    def prepare(self, module: str, paths: frozenset[str]) -> None:
        self._jobs.prepare(module, paths)

    def abandon(self, job: int) -> str | None:
        return self._jobs.abandon(job)

    def promote(self, module: str, number: int) -> None:
        before = self._lines[module].promote(number)
        if before is not None:
            # The book knows one generation of that number. Those who run this one finish on it, unseen.
            self._retire(module, before, unseen=True)

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
        return self._lines[module].closure()

    def sources(self) -> tuple[Mapping[str, str], ...]:
        """Absolute path -> digest, for every file of what is current: a mapping for each module, the same while it is.

        From any thread.
        """
        return tuple(line.sources() for line in tuple(self._lines.values()))

    def bundle(self, module: str, number: int) -> Bundle | None:
        line = self._lines[module]
        code = line.codes.get(number)
        return None if code is None else line.loader.bundle(code.generation)

    def code(self, module: str, number: int) -> EntryCode:
        return self._lines[module].codes[number].lend()

    def slow_look(self, sink: Callable[[StaleReport], None], pause: float = PAUSE) -> SlowLook:
        """What looks after everything that is imported for good; it is to be started, and closed before this."""
        self._jobs.slow_look = SlowLook(self._sticky, self._uses, sink, self._clock, pause)
        return self._jobs.slow_look

    def close(self) -> None:
        self._jobs.close()
        self._clearing.close()
        self._reclaim.close()
        for line in (*self._lines.values(), *self._replaced):
            line.close()

    def _retire(self, module: str, code: EntryCode, *, unseen: bool = False) -> None:
        loader, lent = self._lines[module].loader, code.lent
        self._reclaim.retire(Leaving(module, code.generation, code.part, loader, lambda: len(lent) > 0, unseen))

    # --- on hotd-slow-look -------------------------------------------------------------------------------------------

    def _uses(self) -> dict[str, Uses]:
        return {module: line.uses() for module, line in tuple(self._lines.items())}
