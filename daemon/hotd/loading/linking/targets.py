"""From what a source mentions to the managed names that it imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hotd.contract.errors import LoadRejected, SourceMissing
from hotd.core import names
from hotd.loading.imports.standin import taken_by
from hotd.loading.linking.look import Look, outside_has
from hotd.loading.linking.sketch import Sketch
from hotd.loading.sources.below import submodules
from hotd.loading.sources.circumstances import is_guarded, may_be_skipped
from hotd.loading.sources.disk import NAMESPACE, PACKAGE, Location
from hotd.loading.sources.files import closed_to_us, file_name
from hotd.loading.sources.scan import Mention


class Targets:
    """Fills in what sketches import. What went away while it is still imported is added to the errors."""

    def __init__(
        self, look: Look, extension: Callable[[str], bool], anchors: set[str], errors: list[LoadRejected]
    ) -> None:
        """``extension``: whether an absent name is known to be native code.

        To ``anchors`` are added names beside whose code everything is data.
        """
        self._look = look
        self._extension = extension
        self._anchors = anchors
        self._errors = errors

    def fill(self, sketch: Sketch) -> None:
        assert sketch.source is not None
        found = sketch.source.scan
        package = sketch.name if sketch.location.folders else names.parent(sketch.name)
        for mention in found.mentions:
            base = names.absolute(mention.name, package, mention.level)
            if base is None:
                continue  # beyond the top-level package: executing it will say so
            if not self.add(sketch, base):
                self._missing(sketch, base, mention)
                continue
            for item in mention.names:
                if item == "*":
                    self._star(sketch, base)
                elif not self.add(sketch, f"{base}.{item}"):
                    self._missing(sketch, f"{base}.{item}", mention, base)
        if sketch.location.kind is PACKAGE:
            for below in submodules(sketch.name, found):
                place = self._look.locate(below)
                if place is not None and place.managed:
                    self.add(sketch, below)
        for text in found.strings:
            level = len(text) - len(text.lstrip("."))
            target = names.absolute(text[level:], package, level)
            if target and taken_by(names.top(target)) is None:
                self.add(sketch, target)
        if found.reads_data:
            self._anchor(sketch, package, found.anchors)

    def _anchor(self, sketch: Sketch, package: str, texts: Iterable[str]) -> None:
        """The code reads data: that beside itself, in its package, and in the packages that it names."""
        for text in texts:
            if taken_by(names.top(text)) is None and _holds_modules(self._look.locate(text)):
                self.add(sketch, text)
        named = [target for target in sketch.targets if _holds_modules(self._look.locate(target))]
        self._anchors.update((sketch.name, *named, *([package] if package else [])))

    def add(self, sketch: Sketch, target: str) -> bool:
        """Let the sketch import the target and the packages on the way; where one is absent, remember that."""
        for prefix in names.prefixes(target):
            location = self._look.locate(prefix)
            if location is None or not location.managed:
                sketch.outside.add(prefix)
                if location is not None or self._extension(prefix):
                    sketch.extensions.add(prefix)
                return False
            sketch.targets[prefix] = None
        return True

    def _star(self, sketch: Sketch, base: str) -> None:
        """``from package import *`` imports the submodules that its ``__all__`` names."""
        location = self._look.locate(base)
        if location is None or location.kind is not PACKAGE:
            return
        said = self._look.scan_of(base)
        for text in said.exports if said is not None else ():
            if self._look.locate(f"{base}.{text}") is not None:
                self.add(sketch, f"{base}.{text}")

    def _missing(self, sketch: Sketch, target: str, mention: Mention, package: str = "") -> None:
        """Tell about a file that went away while it is still imported."""
        for prefix in names.prefixes(target):
            gone = self._look.previous(prefix)
            if gone is None or self._look.locate(prefix) is not None:
                continue
            said = self._look.scan_of(package) if package else None
            if said is not None and target.rpartition(".")[2] in said.binds:
                return  # the package has it as a plain attribute now
            if sketch.source is not None and is_guarded(sketch.source.code, mention):
                return  # the program knows what to do without it
            if not names.parent(prefix) and outside_has(prefix):
                return  # an installed module takes over
            file, what, cure = sketch.location.path, *unseen(gone.location, prefix)
            self._errors.append(
                SourceMissing(
                    f"{what}, and {file_name(file)} line {mention.line} imports it",
                    hint=f"{cure}, or take the import out",
                    file=file,
                    line=mention.line,
                )
            )
            return


def unseen(location: Location, name: str) -> tuple[str, str]:
    """What to say of a file that is not found any more, and what to do about it."""
    path = location.path
    if path and (closed := closed_to_us(path)) is not None:
        return f"{location.relative} cannot be seen: {closed} is closed to the daemon's user", f"`ls -ld {closed}`"
    return f"{location.relative} is gone", f"restore {path or name}"


def is_missed(name: str, sketches: Iterable[Sketch]) -> bool:
    """Whether a file that is no code, and never was, is one too many: not where nobody need execute it.

    It may be for another Python. Executing whoever imports it tells.
    """
    imports = [
        may_be_skipped(sketch.source.code, mention)
        for sketch in sketches
        if sketch.source is not None and name in sketch.targets
        for mention in sketch.source.scan.mentions
        if _means(mention, sketch, name)
    ]
    return not imports or not all(imports)


def _means(mention: Mention, sketch: Sketch, name: str) -> bool:
    package = sketch.name if sketch.location.folders else names.parent(sketch.name)
    base = names.absolute(mention.name, package, mention.level)
    return base is not None and any(
        name in names.prefixes(target) for target in (base, *(f"{base}.{item}" for item in mention.names))
    )


def _holds_modules(location: Location | None) -> bool:
    return location is not None and location.kind in (PACKAGE, NAMESPACE)
