"""From arrivals to changes worth telling."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hotd.core.settling import Change, Kind
from hotd.watching.arrivals import Arrival
from hotd.watching.places import Places, Root


def changes_of(arrivals: Iterable[Arrival], places: Places) -> list[Change]:
    """What to tell of them, in the order in which it happened."""
    appeared: dict[str, float] = {}
    changes: list[Change] = []
    for path, kind, is_folder, at in arrivals:
        if not is_folder:
            is_whole = kind is Kind.BEGUN and _is_whole(path)
            changes += (Change(name, Kind.WRITTEN if is_whole else kind, at) for name in places.wanted(path))
        elif kind is Kind.GONE:
            changes += (Change(name, kind, at) for name in places.folder(path))
        else:
            appeared[path] = at
    # The walk comes last: where a file vanished and its folder is back, back it is.
    return [*changes, *inside(appeared, places)]


def _is_whole(path: str) -> bool:
    """Whether nobody is going to close it: a link was made at once."""
    try:
        found = os.lstat(path)
    except OSError:
        return True
    return not stat.S_ISREG(found.st_mode) or found.st_nlink > 1


def everything(trees: Iterable[Root], places: Places, at: float) -> list[Change]:
    """The trees themselves, for whoever knows what was in there, and all that is in them now."""
    trees = tuple(trees)
    gone = [Change(name, Kind.GONE, at) for tree in trees for name in places.folder(tree.real)]
    return [*gone, *inside({tree.real: at for tree in trees}, places)]


def inside(folders: Mapping[str, float], places: Places) -> Iterator[Change]:
    """The files in folders that appeared, links to folders not followed."""
    for top, at in folders.items():
        if any(str(above) in folders for above in Path(top).parents) or not places.enters(top):
            continue
        for folder, inner, files in os.walk(top):
            inner[:] = [name for name in inner if places.enters(f"{folder}/{name}")]
            for file in files:
                for name in places.wanted(f"{folder}/{file}"):
                    yield Change(name, Kind.WRITTEN, at)
