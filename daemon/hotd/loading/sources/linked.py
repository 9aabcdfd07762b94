"""Where modules would lie that are not there; and which of those places only a symbolic link leads to, so that no event
tells of them."""

# Paths are strings in this room (see `files`). While other threads compute each call of the system waits for its turn,
# some milliseconds: there must be few.
# ruff: noqa: PTH112, PTH114

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from hotd.loading.sources.disk import SOURCE


def places(roots: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """The files that would be these modules. No I/O."""
    for name in names:
        for root in roots:
            path = "/".join([root, *name.split(".")])
            yield path + SOURCE
            yield path + "/__init__" + SOURCE


def places_behind_links(roots: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Those of them behind a link. At most one ``lstat`` for each folder, and two for each name and root."""
    known: dict[str, bool | None] = {}

    def leads_away(folder: str, steps: list[str]) -> bool | None:
        """Whether a link is on the way there; None where the way ends before."""
        if not steps:
            return False
        path = "/".join([folder, *steps])
        if path not in known:
            above = leads_away(folder, steps[:-1])
            known[path] = True if above else None if above is None else _is_link(path)
        return known[path]

    for name in names:
        *above, last = name.split(".")
        for root in roots:
            away = leads_away(root, above)
            if away is None:
                continue
            path = "/".join([root, *above, last])
            if away or os.path.islink(path + SOURCE):
                yield path + SOURCE
            if away or os.path.islink(path):
                yield path + "/__init__" + SOURCE


def _is_link(path: str) -> bool | None:
    """None where there is neither a link nor a folder."""
    return os.path.islink(path) or (False if os.path.isdir(path) else None)
