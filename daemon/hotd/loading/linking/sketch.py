"""From names to sketches: what the closure would be, read and compiled, not yet made of parts. No user code runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import PathFinder

from hotd.contract.errors import EmptySource, LoadRejected, NameTaken, SourceMissing
from hotd.core import graph, names
from hotd.loading.imports.part import Part
from hotd.loading.imports.standin import taken_by
from hotd.loading.linking.gathering import Gatherer
from hotd.loading.linking.refusal import does_not_compile, unreadable
from hotd.loading.sources.below import further_folders, submodules
from hotd.loading.sources.circumstances import is_guarded, may_be_skipped
from hotd.loading.sources.data import Data, alike
from hotd.loading.sources.disk import NAMESPACE, PACKAGE, Location
from hotd.loading.sources.files import file_name
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.scan import Mention, Scan
from hotd.loading.sources.source import Source, digest_of


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


_NO_NAMES: set[str] = set()
"""Of a sketch that takes everything over; never added to."""


class Sketcher:
    """Follows imports from the entries through everything that is not kept, and sketches it.

    What is wrong is collected, not raised: a refused content needs a digest, and that needs the whole closure.
    """

    def __init__(
        self,
        roots: Roots,
        *,
        source: Callable[[str, bytes], Source],
        kept: Callable[[str], Part | None],
        previous: Callable[[str], Part | None] = lambda name: None,
        carried: Callable[[str, Source], Iterable[str]] = lambda name, source: (),
        absent: Callable[[str], bool] = lambda name: False,
        extension: Callable[[str], bool] = lambda name: False,
        named: frozenset[str] | None = None,
        anchors: Iterable[str] = (),
        again: Mapping[str, object] | None = None,
    ) -> None:
        self._roots = roots
        self._disk = roots.disk()
        self._gatherer = Gatherer(roots, self._disk, named)
        self._source = source
        self.kept = kept
        self._previous = previous
        self._carried = carried
        """Names that this source imports, as only an earlier run of it told."""
        self._absent = absent
        self._again = again if again is not None else {}
        """Names whose part is not kept, though there is one."""
        self._extension = extension
        """Whether an absent name is known to be native code."""
        self.moved = False
        """Whether some name that was known means another file than before, or none, or one at last."""
        self.where: dict[str, Location | None] = {}
        """Answers of the disk, in this look at it."""
        self.read: dict[str, Source] = {}
        """Sources already read in this look."""
        self.failed: set[str] = set()
        """Names whose file could not be read in this look."""
        self.sketches: dict[str, Sketch] = {}
        self.errors: list[LoadRejected] = []
        self.unsure: set[str] = set()
        """Names whose data are looked for anew, whatever was named."""
        self._anchors = set(anchors)
        """Names beside whose code everything is data."""
        self._no_code: dict[str, LoadRejected] = {}
        """Names whose file is no code, and never was."""

    def follow(self, entries: list[str]) -> None:
        """Sketch everything that can be reached from these names and is not kept."""
        work = list(reversed(entries))
        while work:
            name = work.pop()
            if name in self.sketches:
                continue
            sketch = self._like_before(name) if name in self._again else None
            if sketch is None and self.kept(name) is None:
                location = self.locate(name)
                if location is not None and location.managed:
                    sketch = self._sketch(name, location)
            if sketch is not None:
                self.sketches[name] = sketch
                work.extend(reversed(sketch.targets))
        self.errors += [problem for name, problem in self._no_code.items() if self._is_missed(name)]
        some = self._gatherer.wanted(whole=False)
        for name, sketch in self.sketches.items():  # only now all anchors are known
            if some or name in self._anchors or sketch.like is None or sketch.like.data is not None:
                sketch.data = self.data(name, sketch.location)
        self.errors += self._gatherer.errors

    def follow_again(self, entries: list[str]) -> None:
        """Sketch anew: other parts are kept than the last time."""
        self.sketches, self.errors, self._no_code = {}, [], {}
        self.follow(entries)

    def data(self, name: str, location: Location) -> Data | None:
        """The data files that belong to the name's code now; None where there is nothing to look for."""
        before = self._previous(name)
        known = before.data if before is not None else None
        whole = name in self._anchors or (known is not None and known.whole)
        if not self._gatherer.wanted(whole=whole):
            return None
        return self._gatherer.gather(location, known, whole=whole, surely=name in self.unsure)

    def late_anchors(self) -> list[str]:
        """Names of kept parts that were loaded without the data files that sketched code may read by them."""
        kept = ((name, self.kept(name)) for name in self._anchors)
        return [name for name, part in kept if part is not None and (part.data is None or not part.data.whole)]

    def expect(self, entry: str) -> None:
        """Tell about an entry that was there before and is not any more: nobody imports it, so nobody else would."""
        gone = self._previous(entry)
        if gone is not None and entry not in self.sketches and self.kept(entry) is None:
            path = gone.location.path
            self.errors.append(
                SourceMissing(f"{gone.location.relative} is gone", hint=f"restore {path or entry}", file=path or None)
            )

    @functools.cached_property
    def nodes(self) -> dict[str, graph.Node]:
        """What every sketch is by its own code, once all are followed."""
        return {name: one.node if one.like is None else one.like.node for name, one in self.sketches.items()}

    @functools.cached_property
    def closures(self) -> graph.Closures:
        """What the closure of every sketch is called, once all are followed."""

        def known(name: str) -> str:
            part = self.kept(name)
            return part.digest if part is not None else ""

        nodes, before = self.nodes.copy(), dict[str, tuple[graph.Runs, Collection[str]]]()
        for name, sketch in self.sketches.items():
            if sketch.data is not None and sketch.data.files:
                own = graph.hashed(nodes[name].fingerprint, "data", *sketch.data.pieces)
                nodes[name] = graph.Node(own, nodes[name].imports)
            if sketch.like is not None and sketch.like.runs:
                before[name] = sketch.like.runs, sketch.targets
        return graph.closures(nodes, self.cycles, known, before)

    @functools.cached_property
    def cycles(self) -> list[tuple[str, ...]]:
        """The sketches in components, imported ones first, once all are followed."""
        return graph.components({name: one.targets for name, one in self.sketches.items()})

    def locate(self, name: str) -> Location | None:
        """Where the name is: as found in this look, else as known before, else by asking the disk."""
        if name in self.where:
            return self.where[name]
        kept = self.kept(name) or self._previous(name)
        if kept is not None:
            return kept.location
        if self._absent(name):
            return None
        return self.look(name)

    def look(self, name: str) -> Location | None:
        """Where the disk has the name now."""
        package = names.parent(name)
        within = None
        if package:
            above = self.locate(package)
            within = above.folders if above is not None and above.managed else ()
            if above is not None and above.kind is PACKAGE:
                within = (*within, *self._further_folders(package, above))
        found = self._disk.locate(name, within)
        if found is not None and found.kind is NAMESPACE and not package and _outside_has(name):
            found = None  # a folder without __init__.py does not hide an installed package, here as everywhere
        self.where[name] = found
        return found

    def _further_folders(self, package: str, location: Location) -> tuple[str, ...]:
        said = self._scan_of(package)
        return () if said is None else tuple(further_folders(package, location, said, self._roots, self._disk))

    def load(self, name: str, location: Location) -> Source:
        """The source at the location, read at most once. OSError."""
        source = self.read.get(name)
        if source is None or source.path != location.path:
            source = self.read[name] = self._source(location.path, self._disk.read(location.path))
        return source

    def holds(self, part: Part) -> bool:
        """Whether the disk has the part's own source and data as the part has them."""
        location = self.locate(part.name)
        if location is None or location != part.location or not alike(part.data, self.data(part.name, location)):
            return False
        try:
            return part.source is None or self.load(part.name, location) is part.source
        except OSError:
            return False

    def _sketch(self, name: str, location: Location) -> Sketch:
        taken = taken_by(name)
        if taken is not None:
            self.errors.append(
                NameTaken(
                    f"{name} is the name of {taken}",
                    hint=f"rename {location.path or ', '.join(location.folders)}",
                    file=location.path or None,
                )
            )
        if location.kind is NAMESPACE:
            return Sketch(name, location, None)
        before = self._previous(name)
        try:
            source = self._unsuspected(name, location) or self.load(name, location)
        except OSError as error:
            self.errors.append(unreadable(location.path, error))
            return Sketch(name, location, Source(location.path, b"", digest_of(repr(error).encode())))
        sketch = Sketch(name, location, source)
        was_code = before is not None and before.source is not None and self._problem(before.source) is None
        if (problem := self._problem(source)) is not None:
            if was_code:
                self.errors.append(problem)
            else:
                self._no_code[name] = problem
            return sketch
        if not source.data and was_code and before is not None and before.source and before.source.has_statements:
            hint = "save it again; if it is meant to be empty, put a comment in it"
            file = location.path
            self.errors.append(EmptySource(f"{file_name(file)} is empty, and had code before", hint=hint, file=file))
        self._imports(sketch)
        for target in sorted(self._carried(name, source)):
            if self._add(sketch, target):
                sketch.runtime.add(target)
        return sketch

    def _like_before(self, name: str) -> Sketch | None:
        """The sketch, if nothing but the parts it imports can have changed, and so what it imports cannot have."""
        before = self._previous(name)
        if (
            before is None
            or (source := before.source) is None
            or self.moved
            or len(before.runtime) != len(before.carried)  # what running it revealed is not in its digest yet
            or name in self.failed
            or self.read.get(name, source) is not source
            or ((found := self.where.get(name, before.location)) is not before.location and found != before.location)
            or not source.alone
        ):
            return None
        targets = dict.fromkeys(sorted(before.edges.keys() & self._again.keys()))  # costs as the fewer of both
        return Sketch(name, before.location, source, targets, _NO_NAMES, _NO_NAMES, _NO_NAMES, None, before)

    def _unsuspected(self, name: str, location: Location) -> Source | None:
        """The source as it was before, where nothing says that it changed: only what it imports did."""
        before = self._previous(name)
        if before is None or before.location != location or name in self.read or name in self.failed:
            return None
        return before.source

    @staticmethod
    def _problem(source: Source) -> LoadRejected | None:
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

    def _imports(self, sketch: Sketch) -> None:
        assert sketch.source is not None
        found = sketch.source.scan
        package = sketch.name if sketch.location.folders else names.parent(sketch.name)
        for mention in found.mentions:
            base = names.absolute(mention.name, package, mention.level)
            if base is None:
                continue  # beyond the top-level package: executing it will say so
            if not self._add(sketch, base):
                self._missing(sketch, base, mention)
                continue
            for item in mention.names:
                if item == "*":
                    self._star(sketch, base)
                elif not self._add(sketch, f"{base}.{item}"):
                    self._missing(sketch, f"{base}.{item}", mention, base)
        if sketch.location.kind is PACKAGE:
            for below in submodules(sketch.name, found):
                place = self.locate(below)
                if place is not None and place.managed:
                    self._add(sketch, below)
        for text in found.strings:
            level = len(text) - len(text.lstrip("."))
            target = names.absolute(text[level:], package, level)
            if target and taken_by(names.top(target)) is None:
                self._add(sketch, target)
        if found.reads_data:
            self._anchor(sketch, package, found.anchors)

    def _anchor(self, sketch: Sketch, package: str, texts: Iterable[str]) -> None:
        """The code reads data: that beside itself, in its package, and in the packages that it names."""
        for text in texts:
            if taken_by(names.top(text)) is None and _holds_modules(self.locate(text)):
                self._add(sketch, text)
        named = [target for target in sketch.targets if _holds_modules(self.locate(target))]
        self._anchors.update((sketch.name, *named, *([package] if package else [])))

    def _add(self, sketch: Sketch, target: str) -> bool:
        """Let the sketch import the target and the packages on the way; where one is absent, remember that."""
        for prefix in names.prefixes(target):
            location = self.locate(prefix)
            if location is None or not location.managed:
                sketch.outside.add(prefix)
                if location is not None or self._extension(prefix):
                    sketch.extensions.add(prefix)
                return False
            sketch.targets[prefix] = None
        return True

    def _star(self, sketch: Sketch, base: str) -> None:
        """``from package import *`` imports the submodules that its ``__all__`` names."""
        location = self.locate(base)
        if location is None or location.kind is not PACKAGE:
            return
        said = self._scan_of(base)
        for text in said.exports if said is not None else ():
            if self.locate(f"{base}.{text}") is not None:
                self._add(sketch, f"{base}.{text}")

    def _scan_of(self, name: str) -> Scan | None:
        """What the source of that name says; None where there is none, or it is no code."""
        part, location = self.kept(name), self.locate(name)
        try:
            if part is not None:
                return part.source.scan if part.source is not None else None
            if location is None or not location.path:
                return None
            return (self._unsuspected(name, location) or self.load(name, location)).scan
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None  # it is a target as well, and is told about as such

    def _is_missed(self, name: str) -> bool:
        """Whether a file that is no code, and never was, is one too many: not where nobody need execute it.

        It may be for another Python. Executing whoever imports it tells.
        """
        imports = [
            may_be_skipped(sketch.source.code, mention)
            for sketch in self.sketches.values()
            if sketch.source is not None and name in sketch.targets
            for mention in sketch.source.scan.mentions
            if self._means(mention, sketch, name)
        ]
        return not imports or not all(imports)

    @staticmethod
    def _means(mention: Mention, sketch: Sketch, name: str) -> bool:
        package = sketch.name if sketch.location.folders else names.parent(sketch.name)
        base = names.absolute(mention.name, package, mention.level)
        return base is not None and any(
            name in names.prefixes(target) for target in (base, *(f"{base}.{item}" for item in mention.names))
        )

    def _missing(self, sketch: Sketch, target: str, mention: Mention, package: str = "") -> None:
        """Tell about a file that went away while it is still imported."""
        for prefix in names.prefixes(target):
            gone = self._previous(prefix)
            if gone is None or self.locate(prefix) is not None:
                continue
            said = self._scan_of(package) if package else None
            if said is not None and target.rpartition(".")[2] in said.binds:
                return  # the package has it as a plain attribute now
            if sketch.source is not None and is_guarded(sketch.source.code, mention):
                return  # the program knows what to do without it
            if not names.parent(prefix) and _outside_has(prefix):
                return  # an installed module takes over
            file = sketch.location.path
            self.errors.append(
                SourceMissing(
                    f"{gone.location.relative} is gone, and {file_name(file)} line {mention.line} imports it",
                    hint=f"restore {gone.location.path or prefix}, or take the import out",
                    file=file,
                    line=mention.line,
                )
            )
            return


def entry_names(entries: Iterable[str]) -> list[str]:
    """The entries and the packages above them."""
    return list(dict.fromkeys(prefix for entry in entries for prefix in names.prefixes(entry)))


def _holds_modules(location: Location | None) -> bool:
    return location is not None and location.kind in (PACKAGE, NAMESPACE)


def _outside_has(name: str) -> bool:
    """Whether Python would find a regular module of that top-level name on ``sys.path``."""
    try:
        spec = PathFinder.find_spec(name)
    except (ImportError, ValueError, OSError):
        return False
    return spec is not None and spec.has_location
