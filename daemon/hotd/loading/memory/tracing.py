"""Who holds it: from leaked code backwards over references, to something that a user knows by name.

Each question goes through the whole heap and keeps every other thread waiting meanwhile, for tens of milliseconds where
that is large. So there are few of them, each about many objects, and they come to an end.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from hotd.core.messages import Holder
from hotd.loading.memory.hidden import hidden, standing
from hotd.loading.memory.inside import Inside
from hotd.loading.memory.naming import Names
from hotd.loading.outside.whose import kind_of

MOST = 6
"""Holders that are told."""
WIDTH = 24
"""Objects that one look through the heap asks for."""
LARGEST = 5_000
"""Objects that a search meets. More means that it is on the wrong way: whole heaps hang together."""
MANY = 100
"""References. A class with more has objects by the thousand: it is asked about last, and by ``SAMPLE`` of those."""
SAMPLE = 200


def trace(things: Iterable[Any], spaces: Mapping[int, str], within: float) -> tuple[Holder, ...]:
    """Who keeps these parts and classes in memory. Takes ``within`` seconds at most, and the last look more.

    ``spaces`` names the globals of modules of generations in use, by identity.
    """
    until = time.monotonic() + within
    inside = Inside(things)
    threads = list(standing(inside))
    search = _Search(inside, Names(inside, spaces, {one.ident for one in threads}), until)
    for one in threads:
        text = f"running thread {one.thread!r}, which stands in {one.place}"
        search.found[text] = Holder(text, one.stack)
    search.run()
    return tuple(search.found.values())[:MOST]


class _Own(list[Any]):
    """A list of ours: that it refers to something is no news."""


class _Search:
    def __init__(self, inside: Inside, names: Names, until: float) -> None:
        self._inside = inside
        self._names = names
        self._until = until
        self._met: dict[int, Any] = {}
        """Everything on a way up, by identity."""
        self._towards: dict[int, int] = {}
        """From each of them one step back to the code."""
        self._hidden = hidden(inside)
        self._others: dict[int, int] = {}
        """How often something refers to what we begin with."""
        self._told: set[int] = set()
        """What refers to the code itself and was told: there may be many ways to one list."""
        self._nameless: dict[str, int] = {}
        """Type of what nobody refers to that we can see -> how many."""
        self._own = {id(one) for one in (inside.objects, self._met, vars(inside), vars(self))}
        self.found: dict[str, Holder] = {}

    def run(self) -> None:
        held = self._inside.held()
        few = _Own(one for others, one in held if others <= MANY)
        many = _Own(one for others, one in held if others > MANY)
        self._others.update((id(one), others) for others, one in held)
        del held
        if not (self._climb(few, LARGEST) and self._climb(many, SAMPLE)) and not self.found:
            self._tell("something that could not be found in time")
        if not self.found:
            for kind, number in sorted(self._nameless.items()):
                what = f"an object of type {kind}" if number == 1 else f"{number} objects of type {kind}"
                self._tell(f"{what} that nothing named holds")

    def _climb(self, level: _Own, most: int) -> bool:
        """Breadth first: of each holder the shortest way is told. False when it came to no end.

        Of those who refer to a few objects no more than ``most`` are followed.
        """
        for one in level:
            self._met[id(one)] = one
            if id(one) in self._hidden:
                path = self._path(one)
                self._tell(self._names.hidden(self._hidden[id(one)], path), path)
        while level:
            following = _Own()
            for start in range(0, len(level), WIDTH):
                if len(self.found) >= MOST:
                    return True
                if time.monotonic() > self._until or len(self._met) > LARGEST:
                    return False
                self._ask(_Own(level[start : start + WIDTH]), following, most)
            level = following
        return True

    def _ask(self, batch: _Own, following: _Own, most: int) -> None:
        """Who refers to these? Who has a name is told, who has none is asked for next."""
        held = self._referrers(batch, most)
        for one in batch:
            around = held.get(id(one), _Own())
            outside = _Own(referrer for referrer in around if referrer not in self._inside)
            if (one not in self._inside and not around) or self._others.get(id(one), 0) > len(outside):
                self._end_at(one)
            for referrer in outside:
                if id(referrer) not in self._met:
                    self._meet(referrer, one, following)

    def _referrers(self, batch: _Own, most: int) -> dict[int, _Own]:
        wanted = {id(one) for one in batch}
        found: dict[int, _Own] = {}
        everybody = gc.get_referrers(*batch)
        everybody = everybody[:: max(1, len(everybody) // most)]
        for referrer in everybody:
            # What only we refer to (the list, the variable, the call that counts) is the tuple that we asked with.
            if type(referrer) is not _Own and id(referrer) not in self._own and sys.getrefcount(referrer) > 3:
                for one in gc.get_referents(referrer):
                    if id(one) in wanted:
                        found.setdefault(id(one), _Own()).append(referrer)
        return found

    def _meet(self, referrer: Any, one: Any, following: _Own) -> None:
        self._met[id(referrer)] = referrer
        self._towards[id(referrer)] = id(one)
        path = self._path(referrer)
        if self._names.is_ours(referrer):
            return
        text, where = self._names.told(path), self._hidden.get(id(referrer))
        if text is None and where is not None:
            text = self._names.hidden(where, path)
        if text is None:
            following.append(referrer)
        else:
            self._tell(text, path)

    def _end_at(self, one: Any) -> None:
        path = self._path(one)
        text = self._names.nearly(path)
        if text is not None:
            self._tell(text, path)
        else:
            kind = kind_of(type(one))
            self._nameless[kind] = self._nameless.get(kind, 0) + 1

    def _path(self, start: Any) -> _Own:
        path = _Own([start])
        while id(path[-1]) in self._towards:
            path.append(self._met[self._towards[id(path[-1])]])
        return path

    def _tell(self, text: str, path: _Own | None = None) -> None:
        direct = self._names.direct(path) if path is not None else 0
        if direct not in self._told:
            self._told |= {direct} if direct else set()
            self.found.setdefault(text, Holder(text))
