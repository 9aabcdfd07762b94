"""One look at the disk: what changed since the current generation, what that touches, and what the closure would be."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from hotd.core import graph, names
from hotd.core.bundle import Carried
from hotd.loading.imports.part import Part
from hotd.loading.linking.index import Index
from hotd.loading.linking.sketch import entry_names
from hotd.loading.linking.sketcher import Sketcher
from hotd.loading.sources.disk import SUFFIXES, Kind, Location
from hotd.loading.sources.files import absolute, file_name, folder_name, is_link, real_path
from hotd.loading.sources.roots import VOLUME_SWITCH, Roots
from hotd.loading.sources.source import Source

Paths = Iterable[str | Path]


class Survey:
    """The differences between the index and the disk, and what follows from them. Executes nothing."""

    def __init__(
        self,
        roots: Roots,
        index: Index,
        source: Callable[[str, bytes], Source],
        changed: Paths | None,
        pending: Collection[str],
        aliases: Aliases,
        entries: tuple[str, ...],
        keep: Collection[str] = (),
        *,
        carried: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """``carried``: part -> names that only running it reveals; without it what this process knows of that."""
        self.index = index
        self._keep = keep
        self._given = carried
        self.entries = entries
        self.why: dict[str, str] = {}
        """Name -> why its part is made anew: a sentence, or the name it imports, of which `reason` makes one."""
        self.causes: dict[str, str] = {}
        """Name -> the name it imports, of those that are made anew only because of that."""
        self._suspects: set[str] = set(pending)
        if changed is None:
            aliases.look_again()
        self._named = None if changed is None else frozenset(_spellings(changed, roots, aliases))
        self._carrying = partial(Survey, roots, index, source, (), aliases=aliases, entries=entries, keep=keep)
        self.sketcher = Sketcher(
            roots,
            source=source,
            kept=self.kept,
            previous=index.parts.get,
            carried=self._carried,
            absent=lambda name: index.absent(name) and name not in self._suspects,
            extension=lambda name: index.extension(name) and name not in self._suspects,
            named=self._named,
            again=self.why,
        )
        self._sourced: set[str] = set()
        """Of the names whose own files were named, those whose source was."""
        own = self._suspect(roots, aliases)
        self._look_at_suspects(own)
        self.looked_at = frozenset(self._suspects)
        self.differing = frozenset(self.why)
        """Names whose files are not what the index says."""
        if carried is not None:
            self._give(carried)
        self._spread()
        self.sketcher.follow(entry_names(entries))
        while late := self.sketcher.late_anchors():
            self.why.update(dict.fromkeys(late, "new code reads its data files"))
            self._spread()
            self.sketcher.follow_again(entry_names(entries))
        for name in entries:
            self.sketcher.expect(name)
        self.digest = graph.hashed(*(self._digest_of(name) for name in sorted(entries)))

    @property
    def changed(self) -> bool:
        """Whether anything has to be made anew, or found wrong."""
        return bool(self.sketcher.sketches)

    @property
    def carried(self) -> Carried:
        """What the digest covers though only running the code told of it."""
        kept = (part for part in self.index.parts.values() if part.carried and part.name not in self.why)
        found = {part.name: part.carried for part in kept}
        found.update((name, sketch.carried) for name, sketch in self.sketcher.sketches.items())
        return tuple(sorted((name, target) for name, targets in found.items() for target in targets))

    def avoided(self, avoid: Mapping[str, Carried]) -> Survey | None:
        """The look by whose digest this content is one of ``avoid``, if it is; each with what it covers unseen.

        A digest covers what running the code has revealed that it imports. What was refused, or undone, when more of
        that was known, or less, is the same content still, unless that is where it differs.
        """
        if self.digest in avoid:
            return self
        for carried in set(avoid.values()) - {self.carried} if avoid else ():
            given: dict[str, frozenset[str]] = {}
            for name, target in carried:
                given[name] = given.get(name, frozenset()) | {target}
            look = self._carrying(pending=self.differing, carried=given)
            if look.digest in avoid and self.differing <= look.sketcher.sketches.keys():
                return look
        return None

    def kept(self, name: str) -> Part | None:
        """The part that is carried over by reference."""
        return None if name in self.why else self.index.parts.get(name)

    def reason(self, name: str) -> str:
        """Why a sketched part would be executed."""
        cause = self.causes.get(name)
        if cause is not None:
            again = "can be imported now" if self.index.absent(cause) else "is executed again"
            return f"it imports {cause}, which {again}"
        return self.why.get(name, "it is new in the closure")

    def _carried(self, name: str, source: Source) -> Collection[str]:
        """What only running the part revealed that it imports: the same source will again, for all we know.

        Other source may not. What is to be kept stays in the closure all the same: it would be made anew, should it.
        """
        if self._given is not None:
            return self._given.get(name, frozenset())
        before = self.index.parts.get(name)
        if before is None or before.source is source:
            return before.runtime if before is not None else ()
        return [target for target in before.runtime if names.covered(target, self._keep)]

    def _give(self, carried: Mapping[str, frozenset[str]]) -> None:
        """Make anew whatever carries something else."""
        for name, part in self.index.parts.items():
            if part.carried != carried.get(name, frozenset()):
                self.why.setdefault(name, "running it reveals other imports")

    def _spread(self) -> None:
        """Whoever imports what is made anew, is."""
        causes = graph.touched(tuple(self.why), self.index.users.get)
        for name, cause in causes.items():
            if name not in self.why and name in self.index.parts:
                self.why[name] = self.causes[name] = cause

    def _digest_of(self, name: str) -> str:
        if name in self.sketcher.closures.digests:
            return self.sketcher.closures.digests[name]
        part = self.kept(name)
        return part.digest if part is not None else f"no {name}"

    def _suspect(self, roots: Roots, aliases: Aliases) -> set[str]:
        """Fill in the names to look at; those returned are suspected only because files of their own were named."""
        index = self.index
        if self._named is None:
            self._suspects.update(index.names())
            return set()
        places = Places(roots, aliases.names, index.names(), index.parts, index.keepers)
        own: set[str] = set()
        elsewhere: set[str] = set()
        data: set[str] = set()
        for path in self._named:
            places.meant_by(path, own, elsewhere, data)
        surely = self._suspects | elsewhere
        self.sketcher.unsure |= surely
        self._sourced = own
        self._suspects = surely | own | data
        return self._suspects - surely

    def _look_at_suspects(self, own: set[str]) -> None:
        work = sorted(self._suspects, key=lambda name: (name.count("."), name))
        for name in work:  # packages before what is in them; grows while it is walked
            part = self.index.parts.get(name)
            if name in own and part is not None:
                if self._compare(name, part, part.location, sourced=name in self._sourced):
                    continue
                self.sketcher.where.pop(name, None)
            found = self.sketcher.look(name)
            managed = found is not None and found.managed
            if part is None:
                # Native code that changed, or went, is what it was: in memory, for good.
                if managed or (found is not None and not self.index.extension(name)):
                    self.sketcher.moved = True
                    self.why[name] = f"{name} can be imported now"
                continue
            if not managed or found != part.location:
                self.sketcher.moved = True
                self.why[name] = (
                    f"{part.location.relative} is gone" if not managed else f"{name} is in another place now"
                )
                more = [one for one in names.below(name, tuple(self.index.names())) if one not in self._suspects]
                self._suspects.update(more)
                work.extend(sorted(more, key=lambda name: (name.count("."), name)))
            elif found is not None:
                self._compare(name, part, found, sourced=part.source is not None)

    def _compare(self, name: str, part: Part, location: Location, *, sourced: bool) -> bool:
        """Compare the files with what the part was made of. False when its source is not there any more."""
        if sourced and not self._read(name, part, location):
            return False
        if part.data is not None and name not in self.why:
            data = self.sketcher.data(name, location)
            if data is not None and (difference := part.data.difference(data)) is not None:
                self.why[name] = difference
        return True

    def _read(self, name: str, part: Part, location: Location) -> bool:
        """Compare the source with the part's. False when there is no such file."""
        try:
            source = self.sketcher.load(name, location)
        except FileNotFoundError:
            return False
        except OSError:
            self.sketcher.failed.add(name)
            self.why[name] = f"{location.relative} cannot be read"
            return True
        self.sketcher.where[name] = location
        if part.source is None or source.digest != part.source.digest:
            self.why[name] = f"{location.relative} changed"
        return True


def _spellings(changed: Paths, roots: Roots, aliases: Aliases) -> Iterable[str]:
    """The named paths, and the same below roots as they are configured and as their links lead."""
    for given in changed:
        path = absolute(given)
        for one in {path, aliases.in_real_folder(path)}:
            yield one
            yield from roots.spellings(one)


class Aliases:
    """Paths that do not spell the name of their part: linked files, and those of a package with an odd ``__path__``.

    Links of folders are followed once and remembered.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        """Path -> the name of the part that was found there, or at a link to it."""
        self._folders: dict[str, str] = {}

    def in_real_folder(self, path: str) -> str:
        """The path with the links of its folder followed, not its own."""
        folder = folder_name(path)
        if folder not in self._folders:
            self._folders[folder] = real_path(folder)
        return f"{self._folders[folder].rstrip(os.sep)}/{file_name(path)}"

    def look_again(self) -> None:
        """Forget where folders led to: this look at the disk trusts nothing."""
        self._folders.clear()

    def note(self, part: Part) -> None:
        """Remember the path of a part's file, and where that leads, if they do not tell its name."""
        path = part.location.path
        if part.name not in part.roots.names_for(path):
            self.names[path] = part.name
        real = real_path(path) if is_link(path) else self.in_real_folder(path)
        if real != path:
            self.names[real] = part.name


class Places:
    """Which names a path may matter to. Look-ups only, no I/O: safe to ask from any thread, for every file event."""

    def __init__(
        self,
        roots: Roots,
        aliases: Mapping[str, str],
        known: Collection[str],
        parts: Mapping[str, Part],
        keepers: Mapping[str, frozenset[str]],
    ) -> None:
        self._keepers = keepers
        self._roots = roots
        self._aliases = aliases
        self._known = known
        self._parts = parts

    def meant_by(self, path: str, own: set[str], elsewhere: set[str], data: set[str]) -> None:
        """Add to ``own`` the part whose file this is, to ``elsewhere`` the names that may mean something else now.

        And to ``data`` the parts of whose data files it may be one.
        """
        if self._roots.hold_up(path) or file_name(path) == VOLUME_SWITCH:
            elsewhere.update(tuple(self._known))
            return
        if path in self._aliases:
            own.add(self._aliases[path])
        if self._keepers and not path.endswith(SUFFIXES):
            data.update(self._data_of(path))
        for name in self._roots.names_for(path):
            part = self._parts.get(name)
            if part is not None and part.location.path == path:
                own.add(name)
            elif name in self._known:
                elsewhere.add(name)
            if not path.endswith(SUFFIXES):  # it may be a folder
                elsewhere.update(names.below(name, tuple(self._known)))
            elsewhere.update(above for above in names.prefixes(name)[:-1] if self._may_appear(above, path))

    def _data_of(self, path: str) -> Iterable[str]:
        """The parts that have, or would have, a data file at this path; or have some below it."""
        declared = self._roots.declares(path)
        for spelled in self._roots.spellings(path):
            yield from self._keepers.get(spelled, ())
            folder = folder_name(spelled)
            while len(folder) > 1:
                for name in self._keepers.get(folder, ()):
                    part = self._parts.get(name)
                    if declared or (part is not None and part.data is not None and part.data.whole):
                        yield name
                folder = folder_name(folder)

    def _may_appear(self, name: str, path: str) -> bool:
        """Whether a new file in the folder of that name makes the folder a (wider) namespace package."""
        if name not in self._known:
            return False
        part = self._parts.get(name)
        if part is None:
            return True
        spaces = part.location.folders if part.location.kind is Kind.NAMESPACE else None
        return spaces is not None and not any(path.startswith(folder + os.sep) for folder in spaces)
