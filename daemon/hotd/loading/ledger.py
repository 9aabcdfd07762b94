"""What a loader remembers from one look at the disk to the next."""

from __future__ import annotations

import operator
import sys
import weakref
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation
from hotd.loading.imports.part import Part
from hotd.loading.linking.index import Index
from hotd.loading.linking.survey import Aliases, Paths, Places, Survey
from hotd.loading.sources.linked import places, places_behind_links
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.source import Source

MOST_MISSED = 1_000
"""Names that what was refused looked for in vain. For so many it is looked whether they are there by now, whatever
became of the event: a file may be made while the look goes on that does not find it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused last, or left by an undo; empty, if nothing was."""

    names: Mapping[str, None]
    """Those that mattered to it."""
    files: Mapping[str, str]
    """Path -> digest, for what it was made of."""


_NOTHING = Refused({}, {})


class Ledger:
    """The index of the current generation, and what the disk is known to hold beside it.

    Used under the lock of a loader's looks (`looks`), except for what says otherwise.
    """

    def __init__(self, roots: Roots, source: Callable[[str, bytes], Source]) -> None:
        self.roots = roots
        """Where it looks; replaced as a whole."""
        self._source = source
        self._index = Index()
        self._indexed: Generation | None = None
        """The generation that the index describes. Promoting does not wait for it; the next chance brings it up."""
        self._renewals: weakref.WeakKeyDictionary[Generation, Candidate] = weakref.WeakKeyDictionary()
        self._news: deque[weakref.ref[Part]] = deque()
        self._looks = 0
        self._pending: dict[str, int] = {}
        """Names whose files differ from current, with the look that saw it: a refused change is not named twice."""
        self._aliases = Aliases()
        self._more: dict[str, None] = {}
        """Names that matter to current beside those of the index."""
        self._refused = _NOTHING
        self._coming: dict[str, None] = {}
        """Names that matter to what is executed just now: an import takes as long as it likes, and files change."""
        self._beside: dict[str, str] = {}
        self._beside_of: tuple[object, ...] = (None,) * 3
        """What it was found by, and how many names those held."""
        self._beside_counts = (0, 0)

    # --- without a lock: single operations on dicts and deques ---------------------------------------------------

    def touched_by(self, paths: Iterable[str]) -> bool:
        """See `hotd.loading.Loader.touched_by`."""
        index, found = self._index, set[str]()
        current = Either(index.names(), self._more)
        pages: list[tuple[Either, dict[str, Part], dict[str, frozenset[str]]]]
        pages = [(current, index.parts, index.keepers)]
        pages += [(Either(current, more), {}, {}) for more in (self._refused.names, self._coming) if more]
        for known, parts, keepers in pages:
            places = Places(self.roots, self._aliases.names, known, parts, keepers)
            for path in paths:
                places.meant_by(path, found, found, found)
                if found:
                    return True
        return False

    def learned(self, part: Part, name: str) -> None:
        """A part turned out to import that name too. Code that imports must not wait for a look in progress."""
        self._news.append(weakref.ref(part))
        self._more.setdefault(name)

    def promoted(self, candidate: Candidate) -> None:
        """The candidate is current from now on."""
        self._renewals[candidate.generation] = candidate
        self._more.update(_mentioned(candidate.novel))
        self._coming = {}

    def refused(self, names: Iterable[str] = (), sources: Iterable[Source | None] = ()) -> None:
        """What was refused last knows these names beside those of current, and was made of these; nothing was, where
        there are none."""
        self._refused = Refused(dict.fromkeys(names), _digests(sources))

    def refused_candidate(self, candidate: Candidate) -> None:
        """The candidate was refused while it was executed."""
        parts = candidate.linked.values()
        self.refused(_mentioned(parts), (part.source for part in parts))
        self._coming = {}

    def beside(self) -> Mapping[str, str]:
        """See `hotd.loading.Loader.beside`. For one thread at a time; it asks the disk where links are."""
        index, refused = self._index, self._refused
        state = index, refused, self.roots
        counts = len(index.names()), len(self._more)
        if counts != self._beside_counts or any(map(operator.is_not, state, self._beside_of)):
            known = dict.fromkeys([*index.names(), *self._more, *refused.names])
            missed = [name for name in known if name not in index.parts and _may_be_managed(name, index.parts)]
            tried = [name for name in missed if name in refused.names]
            found = places_behind_links(self.roots.folders, missed)
            found = chain(found, places(self.roots.folders, tried[:MOST_MISSED]))
            self._beside = {**dict.fromkeys(found, ""), **refused.files}
            self._beside_of, self._beside_counts = state, counts
        return self._beside

    # --- under the lock of the looks -------------------------------------------------------------------------------

    def look(
        self, current: Generation | None, changed: Paths | None, entries: tuple[str, ...], keep: Collection[str]
    ) -> Survey:
        """Compare the disk with the current generation."""
        self.catch_up(current)
        survey = Survey(self.roots, self._index, self._source, changed, self._pending, self._aliases, entries, keep)
        self._looks += 1
        self.settle(survey.looked_at)
        self._pending.update(dict.fromkeys(survey.differing, self._looks))
        return survey

    def settle(self, names: Iterable[str]) -> None:
        """For these names the disk holds what is current."""
        for name in names:
            self._pending.pop(name, None)

    def candidate(self, generation: Generation, fresh: dict[str, Part], linked: dict[str, Part]) -> Candidate:
        """A candidate that comes from the last look."""
        self._note(fresh)
        base = self._indexed.identity if self._indexed is not None else None
        novel = self._index.novel(linked.values())
        self._coming = _mentioned(novel)
        return Candidate(generation, fresh=fresh, linked=linked, base=base, look=self._looks, novel=novel)

    def restored(self, generation: Generation, fresh: dict[str, Part], linked: dict[str, Part]) -> Candidate:
        """A candidate that comes from no look at the disk."""
        self._note(fresh)
        return Candidate(generation, fresh=fresh, linked=linked, restored=True, novel=tuple(linked.values()))

    def _note(self, fresh: dict[str, Part]) -> None:
        for name, part in fresh.items():
            before = self._index.parts.get(name)
            if part.location.path and (before is None or before.location.path != part.location.path):
                self._aliases.note(part)

    def close(self) -> None:
        """No generation is current any more."""
        index, self._index = self._index, Index()
        index.retire()

    def _left(self, old: Index) -> None:
        """What was current is most likely what the disk holds still, and what mattered to it may be its cure."""
        files, refused = _digests(part.source for part in old.parts.values()), self._refused
        self._refused = Refused(dict.fromkeys([*old.names(), *refused.names]), {**files, **refused.files})

    def is_of(self, current: Generation | None) -> bool:
        """Whether it describes the generation, or there is none to describe."""
        return current is None or self._indexed is current

    def catch_up(self, current: Generation | None) -> None:
        """Make the index that of the current generation; it costs what differs, if that came from the indexed one."""
        if current is not None and self._indexed is not current:
            more = tuple(self._more)
            if self._indexed is not None:
                self._indexed.indexed = None  # before its index becomes another's
            candidate = self._renewals.get(current)
            if candidate is not None and self._indexed is not None and candidate.base is self._indexed.identity:
                self._index.renew(candidate.linked, candidate.novel, current.entry_parts())
                self.settle([name for name, look in self._pending.items() if look <= candidate.look])
            else:  # the first load, an undo, a restored one, or a candidate that another one overtook
                old, self._index = self._index, Index(current.table().values())
                old.retire()
                self._left(old)
                before, now = old.parts, self._index.parts
                other: Iterable[str] = self._index.names()
                if candidate is None or not candidate.restored:
                    read = candidate.linked if candidate is not None and candidate.look == self._looks else {}
                    differing = (name for name in before.keys() | now.keys() if before.get(name) is not now.get(name))
                    other = (name for name in differing if name not in read)
                self._pending.update(dict.fromkeys(other, self._looks))
            self._indexed, current.indexed = current, self._index
            self._renewals = weakref.WeakKeyDictionary()
            for name in more:
                self._more.pop(name, None)
        early: list[weakref.ref[Part]] = []
        while self._news:
            reference = self._news.popleft()
            part = reference()
            if part is not None and self._index.parts.get(part.name) is part:
                self._index.enter(part)
                self._index.extend(part)
            elif part is not None:
                early.append(reference)
        self._news.extend(early)  # of a candidate, which may be promoted yet


class Either(Collection[str]):
    """The names in one or the other collection, as they are when they are asked for."""

    def __init__(self, one: Collection[str], other: Collection[str]) -> None:
        self._one = one
        self._other = other

    def __contains__(self, name: object) -> bool:
        return name in self._one or name in self._other

    def __iter__(self) -> Iterator[str]:
        return iter({*self._one, *self._other})

    def __len__(self) -> int:
        return len({*self._one, *self._other})


def _digests(sources: Iterable[Source | None]) -> dict[str, str]:
    return {source.path: source.digest for source in sources if source is not None}


def _may_be_managed(name: str, parts: Collection[str]) -> bool:
    """Whether it could lie under a root one day, as far as its first step tells: most are found elsewhere."""
    top = name.partition(".")[0]
    return top in parts or not (top in sys.modules or top in sys.stdlib_module_names)


def _mentioned(parts: Iterable[Part]) -> dict[str, None]:
    found: dict[str, None] = {}
    for part in parts:
        found[part.name] = None
        found.update(dict.fromkeys(part.mentions()))
    return found
