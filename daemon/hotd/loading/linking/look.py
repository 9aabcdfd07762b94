"""One look at the disk: where names are and what their files hold, each asked for at most once."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import PathFinder

from hotd.core import names
from hotd.loading.imports.part import Part
from hotd.loading.sources.below import further_folders
from hotd.loading.sources.disk import NAMESPACE, PACKAGE, Location
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.scan import Scan
from hotd.loading.sources.source import Source


class Look:
    """What is known of names beforehand counts, until somebody looks at them anew."""

    def __init__(
        self,
        roots: Roots,
        source: Callable[[str, bytes], Source],
        kept: Callable[[str], Part | None],
        previous: Callable[[str], Part | None],
        absent: Callable[[str], bool],
    ) -> None:
        self._roots = roots
        self._source = source
        self._absent = absent
        self.disk = roots.disk()
        self.kept = kept
        self.previous = previous
        self.moved = False
        """Whether some name that was known means another file than before, or none, or one at last."""
        self.where: dict[str, Location | None] = {}
        """Answers of the disk, in this look at it."""
        self.read: dict[str, Source] = {}
        """Sources already read in this look."""
        self.failed: set[str] = set()
        """Names whose file could not be read in this look."""

    def locate(self, name: str) -> Location | None:
        """Where the name is: as found in this look, else as known before, else by asking the disk."""
        if name in self.where:
            return self.where[name]
        kept = self.kept(name) or self.previous(name)
        if kept is not None:
            return kept.location
        if self._absent(name):
            return None
        return self.look(name)

    def look(self, name: str) -> Location | None:
        """Where the disk has the name now."""
        package = names.parent(name)
        found = self._look_below(package, name)
        if found is None and package and package not in self.where:
            # What moves from one root to another as it is makes no generation: what is known of it is where it was.
            known = self.locate(package)
            if known is not None and self.look(package) != known:
                self.moved = True
                found = self._look_below(package, name)
        if found is not None and found.kind is NAMESPACE and not package and outside_has(name):
            found = None  # a folder without __init__.py does not hide an installed package, here as everywhere
        self.where[name] = found
        return found

    def _look_below(self, package: str, name: str) -> Location | None:
        within = None
        if package:
            above = self.locate(package)
            within = above.folders if above is not None and above.managed else ()
            if above is not None and above.kind is PACKAGE:
                within = (*within, *self._further_folders(package, above))
        return self.disk.locate(name, within)

    def _further_folders(self, package: str, location: Location) -> tuple[str, ...]:
        said = self.scan_of(package)
        return () if said is None else tuple(further_folders(package, location, said, self._roots, self.disk))

    def load(self, name: str, location: Location) -> Source:
        """The source at the location, read at most once. OSError."""
        source = self.read.get(name)
        if source is None or source.path != location.path:
            source = self.read[name] = self._source(location.path, self.disk.read(location.path))
        return source

    def unsuspected(self, name: str, location: Location) -> Source | None:
        """The source as it was before, where nothing says that it changed: only what it imports did."""
        before = self.previous(name)
        if before is None or before.location != location or name in self.read or name in self.failed:
            return None
        return before.source

    def scan_of(self, name: str) -> Scan | None:
        """What the source of that name says; None where there is none, or it is no code."""
        part, location = self.kept(name), self.locate(name)
        try:
            if part is not None:
                return part.source.scan if part.source is not None else None
            if location is None or not location.path:
                return None
            return (self.unsuspected(name, location) or self.load(name, location)).scan
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None  # it is a target as well, and is told about as such


def outside_has(name: str) -> bool:
    """Whether Python would find a regular module of that top-level name on ``sys.path``."""
    try:
        spec = PathFinder.find_spec(name)
    except (ImportError, ValueError, OSError):
        return False
    return spec is not None and spec.has_location
