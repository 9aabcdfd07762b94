"""What the kernel says when it will not watch, in words that cure."""

from __future__ import annotations

import errno

from hotd.contract.errors import CannotWatch

_LIMITS = {errno.ENOSPC: "fs.inotify.max_user_watches", errno.EMFILE: "fs.inotify.max_user_instances"}
"""What inotify_add_watch and inotify_init mean by these: neither the disk nor the table of open files is full."""


def refused(path: str, error: OSError) -> CannotWatch:
    """The error for a root that could not be watched."""
    return CannotWatch(f"source root {path} cannot be watched: {_reason(error)}", hint=_cure(error), file=path)


def blind(path: str, error: OSError) -> str:
    """The sentence for a folder below a root that could not be watched; the root is."""
    cure = _cure(error)
    return f"changes below {path} go unseen: {_reason(error)}" + (f"; {cure}" if cure else "")


def _reason(error: OSError) -> str:
    if limit := _LIMITS.get(error.errno or 0):
        return f"the user's limit {limit} is reached"
    return (error.strerror or str(error)).lower()


def _cure(error: OSError) -> str | None:
    if limit := _LIMITS.get(error.errno or 0):
        return f'raise it (`sysctl {limit}` shows it, `sysctl -w {limit}=…` sets it), or set backend = "polling"'
    return None
