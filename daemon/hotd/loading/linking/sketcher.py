"""From names to sketches: what the closure would be, read and compiled, not yet made of parts. No user code runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping

from hotd.contract.errors import EmptySource, LoadRejected, NameTaken, SourceMissing
from hotd.core import graph
from hotd.loading.imports.part import Part
from hotd.loading.imports.standin import taken_by
from hotd.loading.linking.gathering import Gatherer
from hotd.loading.linking.look import Look
from hotd.loading.linking.refusal import unreadable
from hotd.loading.linking.sketch import Sketch, problem_of
from hotd.loading.linking.targets import Targets, is_missed, unseen
from hotd.loading.sources.data import Data, alike
from hotd.loading.sources.disk import NAMESPACE, Location
from hotd.loading.sources.files import file_name
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.source import Source, digest_of

_NO_NAMES: set[str] = set()
"""Of a sketch that takes everything over; never added to."""


class Sketcher(Look):
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
        carried: Callable[[str, Source], Collection[str]] = lambda name, source: (),
        absent: Callable[[str], bool] = lambda name: False,
        extension: Callable[[str], bool] = lambda name: False,
        named: frozenset[str] | None = None,
        anchors: Iterable[str] = (),
        again: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(roots, source, kept, previous, absent)
        self._gatherer = Gatherer(roots, self.disk, named)
        self._carried = carried
        """Names that this source imports, as only an earlier run of it told."""
        self._again = again if again is not None else {}
        """Names whose part is not kept, though there is one."""
        self.sketches: dict[str, Sketch] = {}
        self.errors: list[LoadRejected] = []
        self.unsure: set[str] = set()
        """Names whose data are looked for anew, whatever was named."""
        self._anchors = set(anchors)
        """Names beside whose code everything is data."""
        self._extension = extension
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
        sketched = self.sketches.values()
        self.errors += [problem for name, problem in self._no_code.items() if is_missed(name, sketched)]
        some = self._gatherer.wanted(whole=False)
        for name, sketch in self.sketches.items():  # only now all anchors are known
            if some or name in self._anchors or sketch.like is None or sketch.like.data is not None:
                sketch.data = self.data(name, sketch.location)
        self.errors += self._gatherer.errors

    def follow_again(self, entries: list[str]) -> None:
        """Sketch anew: other parts are kept than the last time."""
        self.sketches, self._no_code = {}, {}
        self.errors.clear()
        self.follow(entries)

    def data(self, name: str, location: Location) -> Data | None:
        """The data files that belong to the name's code now; None where there is nothing to look for."""
        before = self.previous(name)
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
        gone = self.previous(entry)
        if gone is not None and entry not in self.sketches and self.kept(entry) is None:
            what, cure = unseen(gone.location, entry)
            self.errors.append(SourceMissing(what, hint=cure, file=gone.location.path or None))

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
        before = self.previous(name)
        try:
            source = self.unsuspected(name, location) or self.load(name, location)
        except OSError as error:
            self.errors.append(unreadable(location.path, error))
            return Sketch(name, location, Source(location.path, b"", digest_of(repr(error).encode())))
        sketch = Sketch(name, location, source)
        was_code = before is not None and before.source is not None and problem_of(before.source) is None
        if (problem := problem_of(source)) is not None:
            if was_code:
                self.errors.append(problem)
            else:
                self._no_code[name] = problem
            return sketch
        if not source.data and was_code and before is not None and before.source and before.source.has_statements:
            hint = "save it again; if it is meant to be empty, put a comment in it"
            file = location.path
            self.errors.append(EmptySource(f"{file_name(file)} is empty, and had code before", hint=hint, file=file))
        targets = Targets(self, self._extension, self._anchors, self.errors)  # kept, it would be a circle of references
        targets.fill(sketch)
        for target in sorted(self._carried(name, source)):
            if targets.add(sketch, target):
                sketch.runtime.add(target)
        return sketch

    def _like_before(self, name: str) -> Sketch | None:
        """The sketch, if nothing but the parts it imports can have changed, and so what it imports cannot have."""
        before = self.previous(name)
        if (
            before is None
            or (source := before.source) is None
            or self.moved
            or len(before.runtime) != len(before.carried)  # what running it revealed is not in its digest yet
            or before.carried != frozenset(self._carried(name, source))  # it is to carry something else
            or name in self.failed
            or self.read.get(name, source) is not source
            or ((found := self.where.get(name, before.location)) is not before.location and found != before.location)
            or not source.alone
        ):
            return None
        targets = dict.fromkeys(sorted(before.edges.keys() & self._again.keys()))  # costs as the fewer of both
        return Sketch(name, before.location, source, targets, _NO_NAMES, _NO_NAMES, _NO_NAMES, None, before)
