"""One hosted module: its loader, and the entries of what that has loaded."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from hotd.contract.views import Origin
from hotd.core.messages import PartFile
from hotd.core.wording import unmatched_note
from hotd.loading.ahead import PATIENCE
from hotd.loading.candidate import Candidate
from hotd.loading.entry import EntryCode
from hotd.loading.generation import Generation
from hotd.loading.loader import Loader
from hotd.loading.slow_look import Uses
from hotd.loading.sources.origins import Whence
from hotd.ports import Clock

log = logging.getLogger("hotd.loading")


@dataclass(slots=True, eq=False)
class Hosted:
    """What is loaded of it, as the engine knows that: by number."""

    module: str
    loader: Loader
    roots: tuple[str, ...]
    codes: dict[int, EntryCode] = field(default_factory=dict)
    """What is or was current and is in memory."""
    staged: dict[int, tuple[Candidate, EntryCode]] = field(default_factory=dict)
    """Apart from those: content that is loaded again has the number of a generation that may be there still."""
    reentry: EntryCode | None = None
    """Of what is current, as it may be entered from now on."""
    _whence: tuple[Whence, float] | None = None
    """Where its code came from while a load was prepared, and when that was, in monotonic seconds."""
    _told: tuple[str, ...] = ()
    """Names in ``keep`` that were told to be no part."""
    _sources: Mapping[str, str] = field(default_factory=dict)
    """Absolute path -> digest, for every file that `_sources_of` was made of; it holds none of its code."""
    _sources_of: tuple[Callable[[], Generation | None], int, Mapping[str, str] | None] = (lambda: None, 0, None)
    """A generation, weakly, how many parts it had (a lazy import may find another), and what matters beside it."""

    # --- on the engine's thread ------------------------------------------------------------------------------------

    def respecify(
        self, roots: tuple[str, ...], keep: tuple[str, ...], packages: tuple[str, ...], entered: bool | None
    ) -> None:
        """See `hotd.ports.Loading.respecify`."""
        self.loader.keep(keep)
        self.loader.grow(roots, packages)
        self.roots = roots
        code = self.reentry
        if entered is not None:
            self.reentry = None
        if code is not None and entered and (before := self.codes.get(code.generation.number)) is not None:
            # Whoever runs it holds the generation, however that was entered.
            self.codes[code.generation.number] = replace(code, lent=before.lent)

    def promote(self, number: int) -> EntryCode | None:
        """Make it current. What had that number before it, if anything, which nobody can name any more."""
        if number not in self.staged:
            self.loader.promote(self.codes[number].generation)
            return None
        before = self.codes.get(number)
        candidate, self.codes[number] = self.staged.pop(number)
        self.loader.promote(candidate)
        return before

    def close(self) -> None:
        """Let go of all of it."""
        self.codes.clear()
        self.staged.clear()
        self.loader.close()

    # --- from any thread -------------------------------------------------------------------------------------------

    def closure(self) -> tuple[PartFile, ...]:
        """The parts of the current generation that have a file; empty where there is none."""
        generation = self.loader.current
        if generation is None:
            return ()
        sources = [(name, part.source) for name, part in sorted(generation.table().items())]
        return tuple(PartFile(name, source.path, source.digest) for name, source in sources if source is not None)

    def sources(self) -> Mapping[str, str]:
        """Absolute path -> digest, for every file of what is current, and for what matters beside it: the same mapping
        while it is so. For one thread at a time.
        """
        generation, beside = self.loader.current, self.loader.beside()
        parts = generation.table() if generation is not None else {}
        known, number, before = self._sources_of
        if known() is not generation or number != len(parts) or before is not beside:
            found = {part.source.path: part.source.digest for part in parts.values() if part.source is not None}
            data = (part.data for part in parts.values() if part.data is not None)
            found |= {file.path: file.digest for its in data for file in its.files.values()}
            self._sources = {**beside, **found}
            of = weakref.ref(generation) if generation is not None else lambda: None
            self._sources_of = of, len(parts), beside
        return self._sources

    def uses(self) -> Uses:
        """What it imports that is not managed, in whatever generation."""
        parts = (part for generation in self.loader.living() for part in generation.table().values())
        return Uses(self.roots, frozenset(name for part in parts for name in part.outside))

    # --- on the thread of its job ----------------------------------------------------------------------------------

    def prepare(self, paths: frozenset[str], clock: Clock) -> None:
        """Do ahead what a load does first. Runs no user code."""
        self.loader.prepare(paths)
        self._whence = Whence(self.roots), clock.now().mono
        if gc.isenabled():
            gc.collect(0)  # one is due every seven hundred objects, and would come in the middle of the load

    def origins(self, clock: Clock) -> tuple[Origin, ...]:
        """Where its code comes from now, as far as that can be seen."""
        known, self._whence = self._whence, None
        if known is not None:
            whence, at = known
            if whence.roots == self.roots and at > clock.now().mono - PATIENCE and whence.holds():
                return whence.origins
        return Whence(self.roots).origins

    def tell_unmatched(self) -> None:
        """Warn of names to be kept that are no part, if they are others than those told last."""
        names = self.loader.unmatched
        if names and names != self._told:
            note, extra = unmatched_note(self.module, names), {"event": "loader.keep-unmatched", "hosted": self.module}
            log.warning("%s", note, extra=extra)
        self._told = names
