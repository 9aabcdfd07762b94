"""Where the roots stand: a root that is renamed, or a link to it swapped, makes no event, so they are looked at."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hotd.ports import WatchTrouble
from hotd.watching.places import Root

MISSING = "root-missing"
CLOSED = "root-closed"


class Standing(NamedTuple):
    """Where a root leads, and which folder is there."""

    real: str
    device: int
    inode: int
    trouble: int
    """The number of the error that keeps it from being read; 0 if nothing does."""


OTHER = Standing("", 0, 0, 0)
"""That of no folder: whatever is there, is new."""


def look(trees: Iterable[Root]) -> dict[str, Standing]:
    """By the names of the roots."""
    return {tree.named: standing(tree.named) for tree in trees}


def standing(root: str) -> Standing:
    real = os.path.realpath(root)
    try:
        found = os.stat(f"{real}/")  # noqa: PTH116 - once a second; the slash asks for a folder
    except OSError as error:
        return Standing(real, 0, 0, error.errno or errno.ENOENT)
    is_open = os.access(real, os.R_OK | os.X_OK, effective_ids=True)
    return Standing(real, found.st_dev, found.st_ino, 0 if is_open else errno.EACCES)


def troubles(those: Mapping[str, Standing]) -> tuple[list[WatchTrouble], list[WatchTrouble]]:
    """What there is to say of roots that were there once: of those that are missing, and of those closed to us."""
    missing: list[WatchTrouble] = []
    closed: list[WatchTrouble] = []
    for named, its in those.items():
        over = f"source root {named} is watched again"
        if its.trouble in {errno.ENOENT, errno.ENOTDIR}:
            what = "is no folder any more" if its.trouble == errno.ENOTDIR else "was removed"
            if its.trouble == errno.ENOENT and os.path.islink(named):  # noqa: PTH114 - a text
                what = f"leads to {its.real}, which is not there"
            message = f"source root {named} {what}; changes below it go unseen until it is there again"
            missing.append(WatchTrouble(MISSING, message, named, over))
        elif its.trouble:
            reason = os.strerror(its.trouble).lower()
            cure = f" (`namei -l {named}` shows whose it is)" if its.trouble == errno.EACCES else ""
            message = f"source root {named} cannot be read: {reason}{cure}; changes below it go unseen until it can"
            closed.append(WatchTrouble(CLOSED, message, named, over))
    return missing, closed
