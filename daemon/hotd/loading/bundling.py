"""Generations to bundles, and back: what was loaded once can be loaded again, whatever the disk holds by then."""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections.abc import Callable

from hotd.contract.errors import LoadRejected
from hotd.core.bundle import Bundle, BundleFile
from hotd.loading.generation import Generation
from hotd.loading.imports.part import Part
from hotd.loading.linking.sketch import entry_names
from hotd.loading.linking.sketcher import Sketcher
from hotd.loading.sources.disk import Kind
from hotd.loading.sources.files import Layered, Packed
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.source import Source


def bundle_of(generation: Generation, roots: Roots) -> Bundle:
    """Everything that the generation was made of. ``roots`` are those it was loaded from."""
    files: dict[tuple[int, str], BundleFile] = {}
    folders: set[tuple[int, str]] = set()
    anchors: set[str] = set()
    extensions: set[str] = set()
    for part in generation.table().values():
        if part.source is not None:
            root, path = roots.place(part.location.path)
            files[root, path] = BundleFile(path, part.source.data, root)
        if part.location.kind is Kind.NAMESPACE:
            folders.update(roots.place(folder) for folder in part.location.folders)
        if part.data is not None:
            if part.data.whole:
                anchors.add(part.name)
            for one in part.data.files.values():
                root, path = roots.place(one.path)
                files[root, path] = BundleFile(path, one.data, root)
        extensions |= part.extensions
    return Bundle(
        generation.digest, generation.entries, tuple(sorted(files.values())), tuple(sorted(folders)),
        generation.carried, tuple(sorted(anchors)), tuple(sorted(extensions)),
    )  # fmt: skip


class Unpacked:
    """The sketches of a bundle, and where its code will look for names that the bundle does not know."""

    def __init__(self, bundle: Bundle, roots: Roots, source: Callable[[str, bytes], Source]) -> None:
        """LoadRejected when the bundle is of other roots, or what it holds cannot be code here."""
        try:
            files = {os.path.join(roots.folders[one.root], one.path): one.data for one in bundle.files}
            folders = [os.path.join(roots.folders[root], path) for root, path in bundle.folders]
        except IndexError:
            raise LoadRejected(
                f"the bundle {bundle.digest[:12]} was made from more roots than the {len(roots.folders)} there are now",
                hint="give the module the roots it had, or load what is on disk",
            ) from None
        packed = Packed(files, folders)
        carried: dict[str, list[str]] = {}
        for part, target in bundle.carried:
            carried.setdefault(part, []).append(target)
        self.roots = roots.packed(Layered(packed))
        self.sketcher = Sketcher(
            roots.packed(packed),
            source=source,
            kept=_nothing,
            carried=lambda name, source: carried.get(name, ()),
            anchors=bundle.anchors,
            extension=frozenset(bundle.extensions).__contains__,
        )
        self.sketcher.follow(entry_names(bundle.entries))
        missing = [name for name in bundle.entries if name not in self.sketcher.sketches]
        if missing:
            raise LoadRejected(f"the bundle {bundle.digest[:12]} has no {missing[0]}", hint="load what is on disk")
        if self.sketcher.errors:
            raise self.sketcher.errors[0]


def _nothing(name: str) -> Part | None:
    return None
