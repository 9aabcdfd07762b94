"""One load aside: what a look found is executed, and waits to be promoted; or it is as if it had never been."""

from __future__ import annotations

from collections.abc import Callable

from hotd.contract.errors import Busy, LoadRejected, WouldRebuild
from hotd.core import names
from hotd.loading.candidate import Candidate, executed_since
from hotd.loading.imports.asking import BOUND, Inherited, call_bound, single
from hotd.loading.imports.execution import execute_chain, finished_by_now
from hotd.loading.imports.part import DONE, Part
from hotd.loading.linking.pool import Pool
from hotd.loading.linking.refusal import does_not_run, in_user_code, with_digest
from hotd.loading.looks import Found, Looks
from hotd.loading.outside.slots import now
from hotd.loading.process.typecaches import forget_types, give_back_overloads, take_overloads
from hotd.loading.residue import Remains, Residue, spaces_of
from hotd.loading.roster import CLOSED, Roster

Refusal = LoadRejected | WouldRebuild | Busy


class Attempts:
    """The loads of one loader, each on the thread that asks for it. No lock is held while they execute user code."""

    def __init__(self, roster: Roster, looks: Looks, pool: Pool, remains: Remains) -> None:
        self._roster = roster
        self._looks = looks
        self._pool = pool
        self._remains = remains

    def make(self, look: Callable[[], Found], executing: Callable[[str], None]) -> Candidate | Refusal:
        """Execute aside what the look finds; ``executing`` is told its digest before.

        A refusal is a value, so that nothing of it is kept alive by a traceback. Raises Busy when called by code that
        is just loaded here, or when closed before; KeyboardInterrupt that was not raised in user code.
        """
        bound = BOUND.get()
        if bound is not None and self._roster.stages(single([bound])):
            raise Busy("this code is being loaded: it cannot load itself again", hint="reload after the import")
        self._roster.refuse_when_closed()
        try:
            found = look()
            if isinstance(found, Candidate):
                return found
            candidate, wanted = found
            generation = candidate.generation
        except (LoadRejected, WouldRebuild) as refused:
            return refused.with_traceback(None)
        mark, candidate.before = finished_by_now(), now()
        forget_types()
        candidate.overloads = take_overloads(candidate.fresh)
        executing(generation.digest)
        try:
            self._roster.begin(candidate)
            call_bound(Inherited([generation]), execute, candidate, wanted)
            self._roster.finish(candidate)
        except BaseException as error:
            residue = self.undo(candidate, error)
            if issubclass(type(error), KeyboardInterrupt) and not in_user_code(error):  # isinstance asks the error too
                self._remains.clear(residue, hooks=False)
                raise
            if self._roster.closed:
                self._remains.clear(residue)
                return Busy(CLOSED)
            refusal = with_digest(does_not_run(error), generation.digest, generation.carried)
            refusal.left = self._remains.clear(residue)
        else:
            generation.staging = False
            candidate.reloaded = executed_since([*candidate.fresh.values(), *generation.loaded], mark)
            return candidate
        self._looks.refused(candidate)
        return refusal

    def undo(self, candidate: Candidate, error: BaseException | None = None) -> Residue:
        """Take back what a candidate brought, as if it had never been; what it left elsewhere is the residue."""
        generation = candidate.generation
        generation.staging = True  # whatever its hook still imports is noted, and taken back, too
        self._roster.drop(candidate)
        for part, name, target in generation.added:
            part.drop_edge(name, target)
        self._pool.release([*candidate.fresh.values(), *generation.loaded])
        # Also what another loader had made: the last who lets go of it is the one to clear it.
        gone = self._pool.unused([*candidate.linked.values(), *generation.loaded])
        give_back_overloads(candidate.fresh, candidate.overloads)
        forget_types()
        return Residue(candidate, gone, spaces_of(error, gone) if error is not None else {})


def execute(candidate: Candidate, wanted: list[str]) -> None:
    """Run the parts of these names, and whatever they import. Busy where whoever asked for that is one of them."""

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
