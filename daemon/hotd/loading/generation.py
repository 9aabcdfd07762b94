"""A generation: a number, a digest and the entry parts; everything else is reached over their edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import ParamSpec, Protocol, TypeVar

from hotd.contract.nearest import nearest
from hotd.core import names
from hotd.core.bundle import Carried
from hotd.loading.imports.asking import Inherited, call_bound
from hotd.loading.imports.execution import execute_chain
from hotd.loading.imports.part import Part, reach

P = ParamSpec("P")
T = TypeVar("T")


class UnknownPart(KeyError):
    """The generation has no part of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class Indexed(Protocol):
    """An index (`linking.index`) that describes this generation for as long as it is its attribute."""

    parts: dict[str, Part]


class Generation:
    """One immutable load of a closure. Holding it keeps its code; dropping it lets go of whatever nobody else uses."""

    __slots__ = (
        "__weakref__",
        "_epoch",
        "_parts",
        "_table",
        "added",
        "digest",
        "entries",
        "identity",
        "indexed",
        "linked",
        "loaded",
        "number",
        "retired",
        "staging",
    )

    def __init__(self, number: int, digest: str, entries: tuple[str, ...]) -> None:
        self.number = number
        """Grows from load to load; 0 while a candidate is still being loaded."""
        self.digest = digest
        self.entries = entries
        """The names given to `Loader.load`."""
        self.added: list[tuple[Part, str, Part]] = []
        """Edges that were seen while this was a candidate: taken back if it is refused."""
        self.loaded: list[Part] = []
        """Parts that were made for those edges."""
        self.staging = True
        self.retired = False
        """It shall leave memory: what is left of it is a leak from then on."""
        self.identity = object()
        self.linked: Mapping[str, Part] = {}
        """Parts of its closure that are quick to find: those in which it differed from what was current."""
        self.indexed: Indexed | None = None
        """All others, while it is current."""
        self._parts: dict[str, Part] = {}
        self._table: dict[str, Part] | None = None
        self._epoch = 0

    def __repr__(self) -> str:
        return f"<generation g{self.number} {self.digest[:12]} of {', '.join(self.entries)}>"

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the closure, sorted."""
        return tuple(sorted(self._current_table()))

    @property
    def files(self) -> dict[str, str]:
        """Absolute path -> digest of its bytes, for every file of the closure."""
        sources = (part.source for _, part in sorted(self._current_table().items()))
        return {source.path: source.digest for source in sources if source is not None}

    @property
    def sources(self) -> dict[str, bytes]:
        """Absolute path -> the bytes that this generation was made of: what a bundle keeps."""
        sources = (part.source for _, part in sorted(self._current_table().items()))
        return {source.path: source.data for source in sources if source is not None}

    def module(self, name: str) -> ModuleType:
        """The module of that name in this generation; a lazily imported one is executed now.

        Raises `UnknownPart` for a name that is not in the closure, and whatever the module raises.
        """
        chain = [part for prefix in names.prefixes(name) if (part := self.find(prefix)) is not None]
        if not chain or chain[-1].name != name:
            guess = nearest(name, self._current_table())
            raise UnknownPart(f"{name} is no part of g{self.number}" + (f"; did you mean {guess}?" if guess else ""))
        return self.run(execute_chain, chain)

    def run(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``fn`` so that whatever it imports, starts or resolves by name finds this generation."""
        return call_bound(Inherited([self, *self._parts.values()]), fn, *args, **kwargs)

    def find(self, name: str) -> Part | None:
        """The part of that name, executed or not."""
        found = self._parts.get(name) or self.linked.get(name)
        if found is None and (index := self.indexed) is not None:
            found = index.parts.get(name)
            if self.indexed is not index:  # it became another generation's in the meantime
                found = None
        return found or self._current_table(name).get(name)

    def is_in(self, parts: Mapping[str, Part]) -> bool:
        """Whether this very table is known to be the generation's."""
        index = self.indexed
        return index is not None and index.parts is parts

    def start_from(self, part: Part) -> None:
        """The part of an entry, or of a package above one.

        Later only one that this generation's code loaded by name where all that could remember it is shared.
        """
        self._parts = {**self._parts, part.name: part}
        self._table = None

    def entry_parts(self) -> Iterable[Part]:
        """The parts of the entries and of the packages above them."""
        return tuple(self._parts.values())

    @property
    def carried(self) -> Carried:
        """What its digest covers though only running its code told of it."""
        return tuple(sorted((part.name, name) for part in self.table().values() for name in part.carried))

    def table(self) -> Mapping[str, Part]:
        """All parts by name."""
        return self._current_table()

    def _current_table(self, wanted: str | None = None) -> dict[str, Part]:
        table = self._table
        lacks = self._epoch < Part.epoch and (wanted is None or table is None or wanted not in table)
        if table is None or lacks or self._epoch < Part.shrunk:
            self._epoch = Part.epoch
            table = self._table = reach(self._parts.values())
        return table
