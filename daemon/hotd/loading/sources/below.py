"""Where a package has its submodules, beside its own folder, by what its text says."""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections.abc import Iterator

from hotd.core import names
from hotd.loading.sources.disk import Disk, Location
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.scan import Scan

_LONGEST = 100
"""Characters of a constant that is taken for the name of a folder."""


def further_folders(name: str, location: Location, scan: Scan, roots: Roots, disk: Disk) -> Iterator[str]:
    """Folders under the roots in which submodules of the package are looked for, too.

    ``pkgutil.extend_path`` joins the folders of its name in all roots, and ``__path__.append(…)`` adds one whose name
    the package must spell somewhere. What its ``__path__`` says when it runs may be less, and is not asked: a digest
    does not depend on what ran.
    """
    if scan.spreads:
        step = name.replace(".", os.sep)
        places = (os.path.join(root, step) for root in roots.folders)
        yield from (place for place in places if place not in location.folders and disk.kind(place))
    if "__path__" in scan.binds:
        for text in scan.below:
            place = os.path.normpath(os.path.join(location.folders[0], text)) if _is_path(text) else ""
            if place and place not in location.folders and roots.contain(place) and disk.kind(place):
                yield place


def submodules(name: str, scan: Scan) -> Iterator[str]:
    """Names below the package that it may import by itself, by the names in some table or list."""
    for text in scan.below:
        if names.is_dotted(text):
            yield f"{name}.{text}"


def _is_path(text: str) -> bool:
    return bool(text) and len(text) < _LONGEST and "\0" not in text and not text.startswith("__")
