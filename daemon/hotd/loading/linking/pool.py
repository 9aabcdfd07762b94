"""What several loaders share: sources compiled once, and parts that are in service in one of them."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Protocol

from hotd.contract.errors import LoadRejected
from hotd.core import names
from hotd.loading import forks
from hotd.loading.generation import Generation
from hotd.loading.imports.asking import single
from hotd.loading.imports.modules import fresh
from hotd.loading.imports.part import Part, Scope, connected, reach, space_of
from hotd.loading.imports.routing import import_function
from hotd.loading.imports.standin import release
from hotd.loading.linking.link import link
from hotd.loading.linking.sketch import Sketch, entry_names
from hotd.loading.linking.sketcher import Sketcher
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.source import Source, digest_of

_RECENT = 256
"""Sources kept compiled though no part uses them: an edit is often taken back."""


class Member(Protocol):
    """A loader, as its pool sees it."""

    def serving(self) -> Iterable[Generation]:
        """Its current generation and its candidates."""

    def living(self) -> Iterable[Generation]:
        """Its generations in memory, the candidates too; newest first."""

    def learned(self, part: Part, name: str) -> None:
        """A part turned out to import that name too."""


class Pool:
    """Shared by several `Loader` objects: modules that both import and that are equal are one object.

    A part is shared only while some loader has it in its current generation or in a candidate: going back to earlier
    content executes it afresh. Thread-safe; nothing of it runs user code.
    """

    def __init__(self, *, plain_names: bool = False) -> None:
        """``plain_names``: see `Loader`."""
        self.plain_names = plain_names
        self._lock = threading.RLock()
        forks.renew(self, "_lock", threading.RLock)
        self._sources: weakref.WeakValueDictionary[tuple[str, str], Source] = weakref.WeakValueDictionary()
        self._recent: OrderedDict[tuple[str, str], Source] = OrderedDict()
        self._members: list[weakref.ref[Member]] = []

    # --- for loaders ---------------------------------------------------------------------------------------------

    def join(self, member: Member) -> None:
        with self._lock:
            self._members = [*self._alive(), weakref.ref(member)]

    def leave(self, member: Member) -> None:
        with self._lock:
            self._members = [one for one in self._alive() if one() is not member]
            if not self._members:
                self._recent.clear()

    def source(self, path: str, data: bytes) -> Source:
        """The source of this path and content, the same object as before if there is one."""
        key = path, digest_of(data)
        with self._lock:
            source = self._sources.get(key)
            if source is None:
                source = self._sources[key] = Source(path, data, key[1], plain_name=self.plain_names)
            self._recent[key] = source
            self._recent.move_to_end(key)
            while len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
            return source

    def link(
        self,
        sketcher: Sketcher,
        previous: dict[str, Part],
        roots: Roots,
    ) -> tuple[dict[str, Part], dict[str, Part]]:
        """Parts for the sketches (`linking.link.link`). Hold `linking` until they are visible in a candidate."""

        served = [one for member in self._each() for one in member.serving() if not one.is_in(previous)]

        def heads(name: str, digest: str | None) -> list[Part]:
            found = [previous.get(name)]
            if served:
                found += [generation.find(name) for generation in served]
            return [part for part in found if part is not None and digest in (part.digest, None)]

        return link(sketcher, heads=heads, roots=roots, home=self)

    def release(self, parts: Iterable[Part]) -> None:
        """Parts of a candidate that is no more: those that no other loader shares lose their names."""
        with self._lock:
            release(part for part in parts if not self._in_service(part))

    def unused(self, parts: Iterable[Part]) -> list[Part]:
        """Those of them that belong to no generation in memory and to no candidate, of whatever loader."""
        living = [generation for member in self._each() for generation in member.living()]
        return [part for part in parts if all(generation.find(part.name) is not part for generation in living)]

    def in_use(self) -> set[Part]:
        """Every part of every generation in memory that was not retired, and of every candidate."""
        return connected(part for generation in self._generations() for part in generation.entry_parts())

    def spaces(self) -> dict[int, str]:
        """What to call the globals of those parts' modules, by identity: ``long_op of g7``."""
        found: dict[int, str] = {}
        for generation in self._generations():
            for part in connected(generation.entry_parts()):
                if (space := space_of(part.module)) is not None:
                    found.setdefault(id(space), f"{part.name} of g{generation.number}")
        return found

    def _generations(self) -> Iterator[Generation]:
        for member in self._each():
            yield from (generation for generation in member.living() if not generation.retired)

    @property
    def linking(self) -> threading.RLock:
        """Held while sketches become parts, so that two loaders do not make the same part at once. Never for long."""
        return self._lock

    # --- for parts (`imports.part.Home`) ----------------------------------------------------------------------------

    def fresh_module(self, part: Part) -> ModuleType:
        return fresh(part, import_function(part))

    def load_now(self, asker: Part, name: str, askers: tuple[Scope, ...]) -> Part | None:
        with self._lock:
            found = asker.find(name) or self._beside(asker, name, askers)
            if found is None:
                found = self._from_disk(asker, name, askers)
            return found

    def given(self, found: Part, askers: tuple[Scope, ...]) -> None:
        executed = [one for one in askers if isinstance(one, Part) and one.is_mine]
        if any(part.find(found.name) is not found for part in executed):
            with self._lock:
                for part in executed:  # what is executed further out imports it through what is executed further in
                    if part.find(found.name) is not found and self._agreed(part, found):
                        self._add_edge(part, found.name, found, askers)

    def _agreed(self, part: Part, found: Part) -> bool:
        """Whether all generations that share the part mean the same by whatever the edge would bring them."""
        sharing = [one for member in self._each() for one in member.living() if one.find(part.name) is part]
        brought = reach([found]).items() if len(sharing) > 1 else ()
        return all(one.find(name) in (None, target) for one in sharing for name, target in brought)

    def _add_edge(self, owner: Part, name: str, part: Part, askers: tuple[Scope, ...]) -> None:
        owner.add_edge(name, part)
        for candidate in _staging(askers):
            candidate.added.append((owner, name, part))
        self._tell(owner, name)

    def _beside(self, asker: Part, name: str, askers: tuple[Scope, ...]) -> Part | None:
        """The name in a generation that the asker belongs to; where it is not told which, in the newest."""
        if any(one.find(asker.name) is asker for one in single(askers) if isinstance(one, Generation)):
            return None  # that one was asked, and what others have may be of another time
        for member in self._each():
            for generation in member.living():
                if generation.find(asker.name) is asker and (found := generation.find(name)) is not None:
                    return found
        return None

    def _from_disk(self, asker: Part, name: str, askers: tuple[Scope, ...]) -> Part | None:
        def kept(wanted: str) -> Part | None:
            for scope in (asker, *askers):
                found = scope.find(wanted)
                if found is not None:
                    return found
            return self._beside(asker, wanted, askers)

        sketcher = Sketcher(asker.roots, source=self.source, kept=kept)
        sketcher.follow(entry_names((name,)))
        if name not in sketcher.sketches:
            asker.outside |= {name}
            self._tell(asker, name)
            return None
        if sketcher.errors:
            raise as_import_error(sketcher.errors[0])
        table, made = self.link(sketcher, {}, asker.roots)
        for candidate in _staging(askers):
            candidate.loaded.extend(made.values())
        owner = self._owner(asker, askers, sketcher.sketches, table, name)
        for prefix in names.prefixes(name):
            found = table.get(prefix) or kept(prefix)
            if found is None or owner.find(prefix) is found:
                continue
            if isinstance(owner, Part):
                self._add_edge(owner, prefix, found, askers)
            else:
                owner.start_from(found)
        return table[name]

    def _owner(
        self, asker: Part, askers: tuple[Scope, ...], sketches: dict[str, Sketch], table: dict[str, Part], name: str
    ) -> Part | Generation:
        """The part that gets the new edge: what is being executed, as that may keep what it was given; else the asker
        itself, if its closure has whatever the new parts import.

        A part that generations share must not get an edge into one of them: the others would follow it. Then the edge
        belongs to the nearest asking code that does know those imports, at last to an entry of the generation; where
        all of that is shared, to the generation itself.
        """
        parts = [one for one in askers if isinstance(one, Part)]
        generations = [one for one in single(askers) if isinstance(one, Generation)]
        entries = [part for one in generations for part in one.entry_parts()]
        needed = {
            target: found
            for made, sketch in sketches.items()
            for target in sketch.targets
            if target not in table and (found := table[made].edges.get(target)) is not None
        }
        for part in (*(one for one in parts if one.is_mine), asker, *parts, *entries):
            knows = part.is_mine or all(part.find(target) is found for target, found in needed.items())
            if knows and self._agreed(part, table[name]):
                return part
        return generations[0] if generations else asker

    def _in_service(self, part: Part) -> bool:
        return any(one.find(part.name) is part for member in self._each() for one in member.serving())

    def _tell(self, part: Part, name: str) -> None:
        for member in self._each():
            member.learned(part, name)

    def _each(self) -> Iterator[Member]:
        for reference in tuple(self._members):
            member = reference()
            if member is not None:
                yield member

    def _alive(self) -> list[weakref.ref[Member]]:
        return [one for one in self._members if one() is not None]


def _staging(askers: tuple[Scope, ...]) -> list[Generation]:
    """The candidates among those who ask: what they bring is taken back if they are refused."""
    return [scope for scope in single(askers) if isinstance(scope, Generation) and scope.staging]


def as_import_error(error: LoadRejected) -> ImportError:
    """What running code sees when a file that it imports dynamically cannot be loaded."""
    raised = SyntaxError(error.message, (error.file, error.line, None, None)) if error.code == "syntax-error" else None
    found = ImportError(error.message, path=error.file)
    found.__cause__ = raised
    return found
