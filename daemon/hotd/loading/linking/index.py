"""What a loader knows about its current closure, kept so that a reload pays for the change and not for the program."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hotd.loading.imports.part import Part, reach
from hotd.loading.imports.submodules import dismiss, serve


class Index:
    """Two tables: name -> part, and name -> who would notice if it changed."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self.parts: dict[str, Part] = {}
        self.users: dict[str, set[str]] = {}
        """Name -> names of the parts that import it, or looked for it in vain. Every name that is known has a place."""
        self.keepers: dict[str, frozenset[str]] = {}
        """Folder -> names of the parts that look for data files in it, or have some there."""
        for part in parts:
            self.enter(part)

    def absent(self, name: str) -> bool:
        """Whether the name was looked for in vain."""
        return name in self.users and name not in self.parts

    def extension(self, name: str) -> bool:
        """Whether the name was found to be native code."""
        return any(name in self.parts[user].extensions for user in self.users.get(name, ()) if user in self.parts)

    def names(self) -> Collection[str]:
        """Every name whose file is, or would be, of interest."""
        return self.users.keys()

    def enter(self, part: Part) -> bool:
        """Put a part in the place of its name. Whether the one before imported something that this one does not."""
        before = self.parts.get(part.name)
        if before is not None:
            self._forget_keeper(before)
        self._put(part, before)
        if part.data is not None:
            for place in part.data.places():
                self.keepers[place] = self.keepers.get(place, frozenset()) | {part.name}
        self.users.setdefault(part.name, set())
        mentions = set(part.mentions())
        for name in () if before is None else {name for name in before.mentions() if name not in mentions}:
            self._forget_user(name, part.name)
        for name in mentions:
            self.users.setdefault(name, set()).add(part.name)
        return before is not None and not before.edges.keys() <= part.edges.keys()

    def novel(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Those parts that mention, or have beside them, something else than what stands here in their place."""
        return tuple(
            part
            for part in parts
            if (before := self.parts.get(part.name)) is None
            or before.data is not part.data
            or not part.mentions_what(before)
        )

    def renew(self, parts: Mapping[str, Part], novel: Collection[Part], entries: Iterable[Part]) -> None:
        """Bring in the parts of a new generation; its cost is theirs, unless imports were dropped."""
        dropped = [self.enter(part) for part in novel]
        for part in parts.values():
            self._put(part, self.parts.get(part.name))
        for part in novel:
            self.extend(part)
        if any(dropped):
            alive = reach(entries)
            for name in [name for name in self.parts if name not in alive]:
                self._drop(name)

    def retire(self) -> None:
        """It is nobody's index any more."""
        for name, part in self.parts.items():
            if "." in name:
                dismiss(part)

    def _put(self, part: Part, before: Part | None) -> None:
        self.parts[part.name] = part
        if before is not part and "." in part.name:
            serve(part)
            if before is not None:
                dismiss(before)

    def extend(self, part: Part) -> None:
        """Take note of everything below a part that the index lacks, or has an older one of: run time brings such."""
        work, met = [part], {part}
        while work:
            one = work.pop()
            for name, target in tuple(one.edges.items()):
                self.users.setdefault(name, set()).add(one.name)
                if self.parts.get(name) is not target and target not in met:
                    self.enter(target)
                    met.add(target)
                    work.append(target)

    def _drop(self, name: str) -> None:
        part = self.parts.pop(name)
        if "." in name:
            dismiss(part)
        self._forget_keeper(part)
        for mentioned in {name, *part.mentions()}:
            self._forget_user(mentioned, name)

    def _forget_keeper(self, part: Part) -> None:
        for place in part.data.places() if part.data is not None else ():
            left = self.keepers.get(place, frozenset()) - {part.name}
            if left:
                self.keepers[place] = left
            else:
                self.keepers.pop(place, None)

    def _forget_user(self, name: str, user: str) -> None:
        users = self.users.get(name)
        if users is not None:
            users.discard(user)
            if not users and name not in self.parts:
                del self.users[name]
