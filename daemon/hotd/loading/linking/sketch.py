"""A part to be: read and compiled, not yet made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hotd.contract.errors import LoadRejected
from hotd.core import graph, names
from hotd.loading.imports.part import Part
from hotd.loading.linking.refusal import does_not_compile, unreadable
from hotd.loading.sources.data import Data
from hotd.loading.sources.disk import Location
from hotd.loading.sources.source import Source


@dataclass(slots=True)
class Sketch:
    """A part to be."""

    name: str
    location: Location
    source: Source | None
    targets: dict[str, None] = field(default_factory=dict)
    """Managed names it imports, in the order of their mention; where it is ``like`` another, only those made anew."""
    outside: set[str] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)
    """Those outside that were found all the same, as native code: the digest covers what was looked for in vain."""
    runtime: set[str] = field(default_factory=set)
    """Those targets that an earlier incarnation of the same source imported at run time."""
    data: Data | None = None
    like: Part | None = None
    """The part before, where its code and all names mean what they did: then it imports what that imports."""

    @property
    def missed(self) -> frozenset[str]:
        """All names looked for in vain."""
        return self.like.outside if self.like is not None else frozenset(self.outside)

    @property
    def native(self) -> frozenset[str]:
        """Those of them that were found all the same, as native code."""
        return self.like.extensions if self.like is not None else frozenset(self.extensions)

    @property
    def carried(self) -> frozenset[str]:
        """All imports that only running it revealed."""
        return self.like.carried if self.like is not None else frozenset(self.runtime)

    @property
    def node(self) -> graph.Node:
        """Its identity, as far as that is in its code."""
        if self.like is not None:
            return self.like.node
        content = self.source.digest if self.source is not None else ""
        fingerprint = graph.hashed(self.location.relative, content, *sorted(self.outside - self.extensions))
        return graph.Node(fingerprint, tuple(sorted(self.targets)))


def problem_of(source: Source) -> LoadRejected | None:
    """What keeps the source from being code."""
    try:
        _ = source.scan
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        failed: BaseException = error
    else:
        return None
    try:
        _ = source.text
    except UnicodeDecodeError as error:
        return unreadable(source.path, error)
    except SyntaxError:  # an unknown coding cookie, or bytes that are not UTF-8 where one could stand
        try:
            source.data.decode()
        except UnicodeDecodeError as error:
            return unreadable(source.path, error)
    return does_not_compile(source.path, failed)


def entry_names(entries: Iterable[str]) -> list[str]:
    """The entries and the packages above them."""
    return list(dict.fromkeys(prefix for entry in entries for prefix in names.prefixes(entry)))
