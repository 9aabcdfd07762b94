"""From what is there to a candidate whose parts are linked: a look at the disk, or into a bundle."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from hotd.contract.errors import BadEntry, LoadRejected
from hotd.core import names
from hotd.core.bundle import Bundle, Carried
from hotd.loading import forks, keeping
from hotd.loading.admission import admit
from hotd.loading.bundling import Unpacked
from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation
from hotd.loading.imports.part import DONE, Part
from hotd.loading.imports.standin import tidy
from hotd.loading.ledger import Ledger
from hotd.loading.linking.pool import Pool
from hotd.loading.linking.refusal import Avoided, with_digest
from hotd.loading.linking.sketch import entry_names, problem_of
from hotd.loading.linking.sketcher import Sketcher
from hotd.loading.linking.survey import Paths, Survey
from hotd.loading.plan import Plan, plan_of
from hotd.loading.roster import Roster
from hotd.loading.sources.disk import SOURCE
from hotd.loading.sources.roots import Roots

Found = Candidate | tuple[Candidate, list[str]]
"""What is current already, or a candidate and the names in it to execute."""

LARGEST_AHEAD = 1 << 18
"""Bytes of a source that is compiled before somebody waits for it."""


class Looks:
    """What one loader knows of the disk, and how it finds out. Executes nothing. Thread-safe."""

    def __init__(self, roots: Roots, pool: Pool, roster: Roster) -> None:
        """What differs from the roster's current generation is linked by the pool, and staged in the roster."""
        self.roots = roots
        self.keep: tuple[str, ...] = ()
        """Names of parts that must not be executed again, unless a look is told that they may."""
        self.unmatched: tuple[str, ...] = ()
        """Names in ``keep`` that were no part of the closure in the last look at the disk."""
        self._pool = pool
        self._roster = roster
        self._ledger = Ledger(roots, pool.source)
        self._lock = threading.RLock()
        """Guards the ledger: held while the disk is looked at and sketches become parts, never while user code runs."""
        forks.renew(self, "_lock", threading.RLock)

    # --- without the lock ------------------------------------------------------------------------------------------

    def touched_by(self, paths: Paths) -> bool:
        """See `Loader.touched_by`."""
        return self._ledger.touched_by([os.fspath(path) for path in paths])

    def beside(self) -> Mapping[str, str]:
        """See `Loader.beside`."""
        return self._ledger.beside()

    def prepare(self, paths: Iterable[str]) -> None:
        """See `Loader.prepare`."""
        disk = self.roots.disk()
        for path in paths:
            if path.endswith(SOURCE) and self._ledger.touched_by([path]):
                with contextlib.suppress(OSError):
                    problem_of(self._pool.source(path, disk.read(path, LARGEST_AHEAD)))

    def grow(self, roots: Roots) -> None:
        """Look there from now on: a look that is under way ends as it began."""
        self.roots = roots
        self._ledger.roots = roots

    def learned(self, part: Part, name: str) -> None:
        """See `linking.pool.Member`."""
        self._ledger.learned(part, name)

    def promoting(self, candidate: Candidate) -> None:
        """It came from here, and is about to be current."""
        self._ledger.promoted(candidate)

    def promoted(self) -> None:
        """Another is current from now on, and nothing was refused since."""
        self._ledger.refused()
        self.catch_up()

    def refused(self, candidate: Candidate) -> None:
        """What it imports is of interest from now on: there may lie the cure."""
        self._ledger.refused_candidate(candidate)

    def begin_again(self) -> None:
        """Nothing is current, and nothing is known."""
        ledger, self._ledger = self._ledger, Ledger(self.roots, self._pool.source)
        ledger.close()

    def catch_up(self) -> None:
        """Let the ledger let go of what is not current any more, unless a look is under way: that does it at its end.

        Who promotes swaps first and asks for the lock after; who has it gives it back and asks what is current after.
        So whoever is last brings the ledger up.
        """
        behind = True
        while behind and self._lock.acquire(blocking=False):
            try:
                self._ledger.catch_up(self._roster.current)
            finally:
                self._lock.release()
            behind = not self._ledger.is_of(self._roster.current)  # somebody promoted meanwhile, and was not let in

    # --- a look ----------------------------------------------------------------------------------------------------

    def plan(
        self, changed: Paths | None, entry: str | None, alone: bool, rebuild: Collection[str]
    ) -> Plan | LoadRejected:
        """See `Loader.plan`. A refusal is a value, so that nothing is kept alive by a traceback."""
        with self._lock:
            try:
                survey = self._look(changed, entry, alone)
                self._refuse(survey)
            except LoadRejected as refused:
                return refused.with_traceback(None)
            return plan_of(survey, self._roster.current, self.keep, rebuild)

    def at_disk(
        self,
        changed: Paths | None,
        avoid: Mapping[str, Carried],
        entry: str | None,
        alone: bool,
        rebuild: Collection[str],
    ) -> Found:
        """What `Loader.stage` is to execute. Raises LoadRejected, `Avoided` and WouldRebuild, as told there."""
        try:
            with self._lock:
                return self._at_disk(changed, avoid, entry, alone, rebuild)
        finally:
            self.catch_up()

    def into(self, bundle: Bundle, number: int) -> Found:
        """What `Loader.restore` is to execute. Raises LoadRejected."""
        try:
            with self._lock:
                return self._into(bundle, number)
        finally:
            self.catch_up()

    def _at_disk(
        self,
        changed: Paths | None,
        avoid: Mapping[str, Carried],
        entry: str | None,
        alone: bool,
        rebuild: Collection[str],
    ) -> Found:
        survey = self._look(changed, entry, alone)
        self._refuse(survey, avoid)
        current = self._roster.current
        if current is not None and survey.digest == current.digest:
            self._ledger.settle(survey.differing)
            return Candidate(current, unchanged=True)
        guard = keeping.refusal(survey, self.keep, rebuild)
        if guard is not None:
            self._remember(survey)
            raise guard
        index = survey.index
        generation = Generation(0, survey.digest, survey.entries)
        table, fresh = self._link(survey.sketcher, generation, self.roots, index.parts)
        # In the order of before: whether a circle can be entered hangs on where.
        before = sorted(
            (old.began, name) for name in fresh if (old := index.parts.get(name)) is not None and old.state is DONE
        )
        return self._ledger.candidate(generation, fresh, table), [*survey.entries, *(name for _, name in before)]

    def _into(self, bundle: Bundle, number: int) -> Found:
        current = self._roster.current
        if current is not None and bundle.digest == current.digest:
            return Candidate(current, unchanged=True)
        tidy()
        try:
            unpacked = Unpacked(bundle, self.roots, self._pool.source)
        except LoadRejected as refused:
            raise with_digest(refused, bundle.digest) from None
        generation = Generation(number, bundle.digest, bundle.entries)
        table, fresh = self._link(unpacked.sketcher, generation, unpacked.roots, {})
        return self._ledger.restored(generation, fresh, table), [*bundle.entries]

    def _look(self, changed: Paths | None, entry: str | None, alone: bool) -> Survey:
        tidy()
        current = self._roster.current
        entries = current.entries if current is not None else ()
        if entry is not None and entry not in entries:
            try:
                admit(entry, self.roots)
            except BadEntry:
                self._ledger.refused(names.prefixes(entry))  # it may appear
                raise
            entries = (*entries, entry)
        if entry is not None and alone:
            entries = (entry,)
        survey = self._ledger.look(current, changed, entries, self.keep)
        self.unmatched = keeping.unmatched(survey, self.keep)
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
        self._ledger.refused((*sketched, *outside), (sketch.source for sketch in sketched.values()))

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
            self._roster.enter(generation)
        return table, fresh
