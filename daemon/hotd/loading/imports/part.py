"""A part: one module object, the source it was made from, and by which parts it resolves its imports, for ever."""

from __future__ import annotations

import enum
import threading
import weakref
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, ClassVar, Protocol

from hotd.core import names
from hotd.core.graph import Node, Runs
from hotd.core.marks import OWNER as OWNER  # noqa: PLC0414 - whoever knows parts has it from here
from hotd.loading.sources.data import Data
from hotd.loading.sources.disk import MODULE, Location
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.source import Source


class State(enum.Enum):
    NEW = "new"
    EXECUTING = "executing"
    DONE = "done"


NEW, EXECUTING, DONE = State
"""For those who ask in earnest: on CPython 3.11 ``State.DONE`` takes as long as ten calls."""


class Scope(Protocol):
    """Something that knows which part a name means: a part, a generation, whatever a thread inherited."""

    def find(self, name: str) -> Part | None: ...


class Home(Protocol):
    """The pool, as the parts in it see it."""

    def fresh_module(self, part: Part) -> ModuleType:
        """An empty module, set up to be executed."""

    def load_now(self, asker: Part, name: str, askers: tuple[Scope, ...]) -> Part | None:
        """A name that no snapshot has: load it from the disk as it is now. None where the roots have no such name."""

    def given(self, found: Part, askers: tuple[Scope, ...]) -> None:
        """Code asked for a part whose name its source does not tell: what is being executed may keep it for ever."""


class Part:
    """A node of the import graph. Its edges are fixed, except that an import seen at run time may add one."""

    __slots__ = (
        "__weakref__",
        "_closure",
        "_epoch",
        "began",
        "bound",
        "carried",
        "claim",
        "data",
        "digest",
        "edges",
        "extensions",
        "finished",
        "home",
        "location",
        "module",
        "name",
        "node",
        "outside",
        "owner",
        "ready",
        "replaced",
        "roots",
        "runs",
        "runtime",
        "serves",
        "source",
        "standin",
        "state",
    )

    epoch: ClassVar[int] = 0
    """Counts the edges added or dropped at run time, anywhere: a closure computed before may lack something."""
    shrunk: ClassVar[int] = 0
    """The epoch of the last edge that was dropped: a closure computed before may have too much."""

    def __init__(
        self,
        name: str,
        location: Location,
        source: Source | None,
        node: Node,
        digest: str,
        outside: frozenset[str],
        roots: Roots,
        home: Home,
        carried: frozenset[str] = frozenset(),
        data: Data | None = None,
        runs: Runs = (),
        extensions: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.location = location
        self.source = source
        """None for a namespace package, which has no file."""
        self.data = data
        """The data files that are part of it; None where nothing was looked for."""
        self.node = node
        """What it is by its own code, and the names that edges were made for. Its predecessor's, if it is like that."""
        self.digest = digest
        """Of the whole closure."""
        self.runs = runs
        """Those that the digest was made of, if any."""
        self.edges: dict[str, Part] = {}
        """Absolute dotted name -> the part it means here."""
        self.outside = outside
        """Names looked for under the roots in vain: a file of that name would change what this part means."""
        self.extensions = extensions
        """Those that were found all the same, as native code: it is no part of anything."""
        self.carried = carried
        """Those edges that running an earlier part of the same source revealed: the digest covers them."""
        self.runtime = carried
        """Those, and the ones that running this part revealed."""
        self.roots = roots
        self.home = home
        self.state = NEW
        self.owner = 0
        """The thread that executes it."""
        self.module: ModuleType | None = None
        self.ready: ModuleType | None = None
        """What ``import name`` gives without further ado: the module of a top-level name, once it is executed."""
        self.began = self.finished = 0
        """Both rise with every part that is executed, so that a load can tell its order: of a circle, the one that was
        entered first ends last."""
        self.bound: frozenset[str] = frozenset()
        """Submodules already put into the module as attributes."""
        self.serves = 0
        """How many loaders have it in their current generation; counted for submodules only."""
        self.replaced = False
        """Whether its body put another object into ``sys.modules`` in place of the module."""
        self.standin: ModuleType | None = None
        self.claim: weakref.ref[Part] | None = None
        self._closure: dict[str, Part] | None = None
        self._epoch = 0

    def __repr__(self) -> str:
        return f"<part {self.name} {self.digest[:8]} {self.state.value}>"

    @property
    def is_package(self) -> bool:
        return self.location.kind is not MODULE

    @property
    def package(self) -> str:
        """What ``__package__`` says."""
        return self.name if self.is_package else names.parent(self.name)

    @property
    def is_mine(self) -> bool:
        """Whether this very thread executes its body."""
        return self.state is State.EXECUTING and self.owner == threading.get_ident()

    def find(self, name: str) -> Part | None:
        """The part of that name in this one's closure."""
        if name == self.name:
            return self
        found = self.edges.get(name)
        if found is None and self.edges:
            known = self._closure
            if known is None or self._epoch < Part.shrunk or (self._epoch < Part.epoch and name not in known):
                self._epoch = Part.epoch
                known = self._closure = reach([self])
            found = known.get(name)
        return found

    def mentions(self) -> Iterator[str]:
        """Every name whose meaning matters to it."""
        yield from tuple(self.edges)
        yield from self.outside

    def mentions_what(self, before: Part) -> bool:
        """Whether its predecessor mentions the very same names. False may also mean that this is not easily told."""
        return (
            self.node is before.node
            and self.outside is before.outside
            and len(self.edges) == len(before.edges) == len(self.node.imports)
        )

    def add_edge(self, name: str, part: Part) -> None:
        """Remember an import that running this part revealed."""
        self.runtime |= {name}
        self.edges[name] = part
        Part.epoch += 1

    def drop_edge(self, name: str, part: Part) -> None:
        """Take an edge back that a refused candidate added."""
        if self.edges.get(name) is part:
            del self.edges[name]
            self.runtime -= {name}
            Part.epoch += 1
            Part.shrunk = Part.epoch


_SPACE: Any = vars(ModuleType)["__dict__"]


def space_of(module: object) -> dict[str, Any] | None:
    """A module's globals, below whatever its class has redefined: a lazy one would be imported, or call user code.

    None where it is no module: code may have put anything in its place.
    """
    space: dict[str, Any] | None = _SPACE.__get__(module) if issubclass(type(module), ModuleType) else None
    return space


def reach(starts: Iterable[Part]) -> dict[str, Part]:
    """Everything that can be reached over edges, by name. What is met first counts."""
    found: dict[str, Part] = {}
    work = list(starts)
    for part in work:
        found.setdefault(part.name, part)
    while work:
        part = work.pop()
        for name, target in tuple(part.edges.items()):
            if name not in found:
                found[name] = target
                work.append(target)
    return found


def connected(starts: Iterable[Part]) -> set[Part]:
    """Everything that can be reached over edges, also what another part of its name hides."""
    found = set(starts)
    work = list(found)
    while work:
        new = {target for target in tuple(work.pop().edges.values()) if target not in found}
        found |= new
        work += new
    return found
