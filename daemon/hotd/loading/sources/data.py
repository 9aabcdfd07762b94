"""Data files of a closure: read and digested with the code, and old for old code.

Which files: those that the configuration declares (``[watch] also``), and all small ones beside code that reads its
data through ``importlib.resources`` or ``get_data``. A file belongs to the code of the nearest folder above it that
holds any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hotd.loading.sources.disk import MODULE, Location
from hotd.loading.sources.files import folder_name


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class DataFile:
    """One data file at one moment."""

    path: str
    relative: str
    """Below its root: what digests know."""
    data: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """The data files that a part was loaded with."""

    folders: tuple[str, ...]
    """Where they were looked for."""
    whole: bool
    """Whether everything there was read, not only what is declared."""
    files: Mapping[str, DataFile]
    """By absolute path."""

    @property
    def pieces(self) -> tuple[str, ...]:
        """What a digest is told of them."""
        return tuple(piece for one in self.files.values() for piece in (one.relative, one.digest))

    def places(self) -> Iterator[str]:
        """The folders, and every folder below them that holds one of the files."""
        yield from self.folders
        for path in self.files:
            while (path := folder_name(path)) not in self.folders:
                yield path

    def difference(self, other: Data) -> str | None:
        """The first file in which the other one differs, as a phrase; None if in none."""
        for path in sorted({**self.files, **other.files}):
            before, after = self.files.get(path), other.files.get(path)
            if before is None or after is None:
                known = before or after
                assert known is not None
                return f"{known.relative} is {'gone' if after is None else 'new'}"
            if before.digest != after.digest:
                return f"{after.relative} changed"
        return None


def folders_of(location: Location) -> tuple[str, ...]:
    """Where the data of a part lie."""
    return (folder_name(location.path),) if location.kind is MODULE else location.folders


def alike(one: Data | None, other: Data | None) -> bool:
    """Whether both take the same files for theirs: parts that do not, cannot be shared."""
    return one is other or (one is not None and other is not None and one.whole == other.whole)
