"""The sweep: a look, once a second, at the files that are loaded, for whatever makes no event.

An edit through another hard link or behind a symbolic link, one by another machine on a network file system, one that
the kernel dropped: its status gives it away. A file is taken for changed when two looks in a row agree on its status,
so that nobody is told in the middle of writing, and only if its content then is another than before.
"""

from __future__ import annotations

import hashlib
import operator
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import thread_time
from typing import NamedTuple

from hotd.core.interest import CODE
from hotd.ports import Clock

SPENT = 0.002
"""Seconds of its own time that one look may take: some 700 files. Where there are more, each has its turn."""
AT_MOST = 0.02
"""Seconds that pass meanwhile where somebody waits: while other threads compute, each system call waits some
milliseconds for the GIL."""
AT_LEISURE = 0.25
"""And where nobody does."""
RECENT = 10.0
"""Seconds. What is another than was loaded when it is looked at first has either changed since then, or serves not,
on purpose. What was written longer than this before it was loaded is the latter."""
GRAIN = 0.02
"""Seconds within which the times of files are not to be trusted; the kernel counts them in ticks."""


class Status(NamedTuple):
    """What tells cheaply that a file may be another."""

    size: int
    modified: int
    inode: int
    device: int
    changed: int
    """Nanoseconds. Nobody can set it back, as ``cp -p`` does with ``modified``."""


GONE = Status(-1, -1, -1, -1, -1)
_UNSEEN = Status(-2, -2, -2, -2, -2)


@dataclass(slots=True)
class _File:
    loaded: frozenset[str]
    """The digests of what serves: one module may have another content than the next."""
    since: float
    """When it was first among what is loaded, in seconds of wall time. Where others compute, its first look is long
    after."""
    seen: Status = _UNSEEN
    content: str = ""
    """The digest of what it held when it was seen; "" for nothing, or nothing that can be read."""
    differs: bool = False
    """Whether that was none of what serves."""
    suspect: Status | None = None
    """What it looked like the last time, where that was another."""
    suspected: float = 0.0
    """Since when it looks like that, in monotonic seconds."""
    told: float | None = None
    """When the receiver was told of it, in seconds of wall time, where nobody has looked at it since."""


class Sweep:
    """For one thread at a time."""

    def __init__(
        self,
        sources: Callable[[], tuple[Mapping[str, str], ...]],
        clock: Clock,
        patience: float = 0.0,
        urgent: Callable[[], bool] = lambda: True,
    ) -> None:
        """``sources``: path -> digest of what is loaded, a mapping for each module, the same one while it is so.

        ``patience``: seconds for which a file has to look the same. ``urgent``: whether its thread has something else
        to do.
        """
        self._urgent = urgent
        self._patience = patience
        self._sources = sources
        self._clock = clock
        self._from: tuple[Mapping[str, str], ...] = ()
        self._files: dict[str, _File] = {}
        self._turn: deque[str] = deque()
        """The paths, and who was looked at longest ago comes first."""
        self._suspects: dict[str, None] = {}

    def look(self, spent: float = SPENT) -> list[str]:
        """The files that have changed, each once for each change."""
        self._catch_up()
        until, began = thread_time() + spent, self._clock.now().mono
        found = [path for path in list(self._suspects) if self._changed(path)]
        for _ in range(len(self._turn)):
            path = self._turn.popleft()
            if path not in self._files:
                continue
            self._turn.append(path)
            if path not in self._suspects and self._changed(path):
                found.append(path)
            took = self._clock.now().mono - began
            if thread_time() > until or took > (AT_MOST if self._urgent() else AT_LEISURE):
                break
        return found

    def told(self, paths: Iterable[str], at: float) -> None:
        """The receiver was told of these files and folders then, in seconds of wall time: what they held by that is no
        news. No I/O."""
        self._catch_up()  # who edits right after a load is before the look that would know of it
        for path in self._among(paths):
            self._files[path].told = at

    def everything(self) -> list[str]:
        """The files that have changed since they were looked at last, without a second look: somebody knows that all
        is written. One ``stat`` for each loaded file."""
        self._catch_up()
        found = []
        for path, file in self._files.items():
            now = status(path)
            if now == file.seen or (file.seen is _UNSEEN and _is_old(file, now)):
                continue
            if content(path) not in (*file.loaded, file.content):
                found.append(path)
        return found

    def known(self, paths: Iterable[str]) -> None:
        """The receiver has been told and will not look at them: what they hold now is no news, to the last byte."""
        self._catch_up()  # what was loaded since the last look may be among them
        for path in self._among(paths):
            self._is(self._files[path], path, status(path), content(path))

    def _among(self, paths: Iterable[str]) -> Iterator[str]:
        """The loaded files that these are, or that lie in these."""
        for path in paths:
            if path in self._files:
                yield path
            elif not path.endswith(CODE):
                inside = path + os.sep
                yield from (other for other in self._files if other.startswith(inside))

    def _changed(self, path: str) -> bool:
        file, now = self._files[path], status(path)
        if file.told is not None and _since(path, now) < (file.told - GRAIN) * 1e9:
            return self._is(file, path, now, content(path))
        if file.seen is _UNSEEN and file.suspect is None:
            # Reading each file once would take longer than all that is to be found by it.
            found = next(iter(file.loaded)) if _is_old(file, now) else content(path)
            if found in file.loaded:
                return self._is(file, path, now, found)
            file.content = next(iter(file.loaded))
        if now == file.seen:
            return self._is(file, path, now, file.content)
        if now != file.suspect:
            file.suspect, file.suspected, self._suspects[path] = now, self._clock.now().mono, None
            return False
        if self._clock.now().mono < file.suspected + self._patience:
            return False
        before, differed, found = file.content, file.differs, content(path)
        self._is(file, path, now, found)
        # What serves came there by an event, unless it takes the place of something that was refused.
        return found != before and (file.differs or differed)

    def _is(self, file: _File, path: str, now: Status, found: str) -> bool:
        """That much is known of it; nothing to tell."""
        file.seen, file.content, file.suspect, file.told = now, found, None, None
        file.differs = found not in file.loaded
        self._suspects.pop(path, None)
        return False

    def _catch_up(self) -> None:
        sources = self._sources()
        if len(sources) == len(self._from) and all(map(operator.is_, sources, self._from)):
            return
        self._from, loaded = sources, dict[str, frozenset[str]]()
        for module in sources:
            for path, digest in module.items():
                loaded[path] = loaded.get(path, frozenset()) | {digest}
        files, wall = dict[str, _File](), self._clock.now().wall
        for path, digests in loaded.items():
            file = files[path] = self._files.get(path) or _File(digests, wall)
            file.loaded = digests
            # What was loaded since somebody was told of the file has looked at it later than we did.
            file.differs = file.seen is not _UNSEEN and file.told is None and file.content not in digests
        self._turn.extend(path for path in files if path not in self._files)
        self._suspects = {path: None for path in self._suspects if path in files}
        self._files = files


def _is_old(file: _File, now: Status) -> bool:
    """Whether it was as it is long before it was loaded."""
    return now is not GONE and now.changed < (file.since - RECENT) * 1e9


def _since(path: str, now: Status) -> int:
    """By when it was as it is, in nanoseconds of wall time. What is gone tells no time: the folder does that it was in,
    or the nearest above it that is there."""
    while now is GONE and path != (path := os.path.dirname(path)):  # noqa: PTH120 - a text
        now = status(path)
    return now.changed


def status(path: str) -> Status:
    """Of what a link leads to."""
    try:
        found = os.stat(path)  # noqa: PTH116 - hundreds of them each second
    except OSError:
        return GONE
    return Status(found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev, found.st_ctime_ns)


def content(path: str) -> str:
    """The digest of the bytes of a regular file, "" for anything else."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO nobody writes to must not block
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
