"""The bundle: everything one generation was made of, as plain values. What the store keeps and an undo loads."""

from __future__ import annotations

from dataclasses import dataclass

Carried = tuple[tuple[str, str], ...]
"""Part and the name it imports, where only having run it told so."""


@dataclass(frozen=True, slots=True, order=True)
class BundleFile:
    """One file: a source, or a data file that belongs to the digest."""

    path: str
    """Below its root, with ``/`` between."""
    data: bytes
    root: int = 0
    """Which of the module's source roots it lies in."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The closure of one generation, content-addressed: equal code has an equal digest on every host."""

    digest: str
    """That of the generation."""
    entries: tuple[str, ...]
    """The dotted names that were loaded; everything else is what they import."""
    files: tuple[BundleFile, ...]
    """Sorted. Data files are those that belong to the digest."""
    folders: tuple[tuple[int, str], ...] = ()
    """Root and path of namespace packages' folders: they may hold no file of the closure."""
    carried: Carried = ()
    """The digest covers those too."""
    anchors: tuple[str, ...] = ()
    """Parts beside whose code every file of the bundle is data of theirs."""
    extensions: tuple[str, ...] = ()
    """Names that were found to be native code under the roots: no file of the closure, and not looked for in vain."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(file.data) for file in self.files)
