"""What the kernel says when it will not watch, in words that cure."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from watchdog.observers.inotify_c import inotify_init

from hotd.contract.errors import CannotWatch
from hotd.ports import WatchTrouble

NO_INSTANCE = "instance-limit"
TOO_MANY = "watch-limit"
CLOSED = "permission"
GIT = "git-lock"
CHURN = "churn"

_LIMITS = {errno.ENOSPC: "fs.inotify.max_user_watches", errno.EMFILE: "fs.inotify.max_user_instances"}
"""What inotify_add_watch and inotify_init mean by these: neither the disk nor the table of open files is full."""

_FILES = (Path("/proc/sys/fs/inotify/max_user_watches"), Path("/proc/sys/user/max_inotify_watches"))
"""The limit of the user, and that of the user namespace, whichever is less."""


def refused(path: str, error: OSError) -> CannotWatch:
    """The error for a root that could not be watched."""
    return CannotWatch(f"source root {path} cannot be watched: {_reason(error)}", hint=_cure(error), file=path)


def most_folders() -> int | None:
    """How many folders may be watched at once; None where nobody says."""
    return min((number for file in _FILES if (number := _number_in(file)) is not None), default=None)


def has_instance() -> bool:
    """Whether there is an instance of inotify to be had now."""
    if (instance := inotify_init()) == -1:
        return False
    os.close(instance)
    return True


def no_instance(error: OSError) -> WatchTrouble:
    """All roots are polled."""
    cure = f"; {cured}" if (cured := _cure(error)) else ""
    message = f"all roots are polled until there is an instance of inotify to be had: {_reason(error)}{cure}"
    return WatchTrouble(NO_INSTANCE, message, over="there is an instance of inotify again: nothing is polled any more")


def too_many(unwatched: Mapping[str, int], known: int) -> Iterator[WatchTrouble]:
    """Some folders are beyond the limit, and polled. ``known``: how many folders there are."""
    beyond = [folder for folder, number in unwatched.items() if number == errno.ENOSPC]
    if beyond:
        error = OSError(errno.ENOSPC, "")
        message = (
            f"{len(beyond)} of {known} folders are polled, as {min(beyond)}: {_reason(error)}; "
            f"{_cure(error)}, or have folders without sources ignored"
        )
        yield WatchTrouble(TOO_MANY, message, over="all folders are watched again")


def closed(unwatched: Mapping[str, int]) -> Iterator[WatchTrouble]:
    """Some folders could not be watched for another reason."""
    for number in {number for number in unwatched.values() if number != errno.ENOSPC}:
        those = [folder for folder, its in unwatched.items() if its == number]
        more = f" and {len(those) - 1} more folder{'s' * (len(those) > 2)}" if len(those) > 1 else ""
        cure = " (`ls -ld` shows whose it is)" if number == errno.EACCES else ""
        message = f"changes below {min(those)}{more} go unseen: {os.strerror(number).lower()}{cure}"
        yield WatchTrouble(CLOSED, message, os.strerror(number), over=f"{min(those)}{more} can be watched again")


def overflow(times: int) -> WatchTrouble:
    """The kernel dropped events."""
    message = (
        f"more changed at once than the kernel keeps events of (overflow number {times}); everything was looked at "
        "again; if it happens often, raise fs.inotify.max_queued_events with sysctl"
    )
    return WatchTrouble("overflow", message)


def lost(error: Exception) -> WatchTrouble:
    """An event could not be handled."""
    what = f"{type(error).__name__}: {error}"
    return WatchTrouble("event-lost", f"an event was lost ({what}); everything was looked at again; see the log")


def untaken(error: Exception) -> WatchTrouble:
    """A batch could not be handled."""
    what = f"{type(error).__name__}: {error}"
    return WatchTrouble("batch-lost", f"a batch of changes was not taken ({what}), and is told again; see the log")


def _reason(error: OSError) -> str:
    if limit := _LIMITS.get(error.errno or 0):
        return f"the user's limit {limit} is reached"
    return (error.strerror or str(error)).lower()


def _cure(error: OSError) -> str | None:
    if limit := _LIMITS.get(error.errno or 0):
        return f"raise it (`sysctl {limit}` shows it, `sysctl -w {limit}=…` sets it)"
    return None


def _number_in(file: Path) -> int | None:
    try:
        return int(file.read_bytes())
    except (OSError, ValueError):
        return None
