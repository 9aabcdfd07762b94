"""Where code on disk came from: the git commit that is checked out, and where a linked root leads.

Every reload asks, and beside busy threads each system call is a wait for the interpreter lock. So there are few of
them: four for where a root leads, one for each folder above it, four for a file; and to ask whether all that still
holds is one for each root and one for each file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable

from hotd.contract.views import Origin

_DELETED = " (deleted)"
_AT_ONCE = 1 << 16
"""Bytes of one read, which is all that most of these files are."""

_Mark = tuple[int, ...] | None
"""What tells a folder, or the content of a file, from another; None for what is not there."""


class Whence:
    """Where the code of some roots comes from. Reads files only, runs no git, and never raises: at worst it knows
    nothing.
    """

    def __init__(self, roots: Iterable[str]) -> None:
        self.roots = tuple(roots)
        self._marks: dict[str, _Mark] = {}
        self.origins = tuple(self._origin(root) for root in self.roots)
        """One for each root, in their order."""

    def holds(self) -> bool:
        """Whether nothing that was looked at is another by now. Not seen is a repository that was none before, and a
        root that has another name while the same link leads to it: of what was asked a moment ago.
        """
        return all(_mark(path) == mark for path, mark in self._marks.items())

    def _origin(self, root: str) -> Origin:
        self._marks[root] = _mark(root)
        real = _real(root)
        return Origin(root, real if real != root else None, self._commit(real))

    def _commit(self, folder: str) -> str | None:
        above = folder
        while True:
            try:
                git = self._repository(above)
                if git is not None:
                    return self._resolve(git, self._text(f"{git}/HEAD") or "")
            except (OSError, ValueError):
                return None  # half a repository, one that is closed to us, or no text at all
            if above == (above := os.path.dirname(above)):  # noqa: PTH120 - texts
                return None

    def _repository(self, folder: str) -> str | None:
        """A work tree beside its repository has a file that names it."""
        git = f"{folder.rstrip('/')}/.git"
        try:
            mode = os.stat(git).st_mode  # noqa: PTH116 - as above
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISDIR(mode):
            return git
        if stat.S_ISREG(mode):
            return _beside(folder, (self._text(git) or "").removeprefix("gitdir:"))
        return None

    def _resolve(self, git: str, head: str) -> str | None:
        """``ref: refs/heads/main`` or a commit; a branch's own file counts before the packed ones."""
        name = head.removeprefix("ref:").strip()
        if name == head.strip():
            return _checked(name)
        for place in (git, self._common(git)):
            if (own := self._text(f"{place}/{name}")) is not None:
                return _checked(own.strip())
            for line in (self._text(f"{place}/packed-refs") or "").splitlines():
                commit, _, ref = line.partition(" ")
                if ref == name:
                    return _checked(commit)
        return None  # nothing was committed yet

    def _common(self, git: str) -> str:
        """Work trees share the branches of the repository they belong to."""
        pointer = self._text(f"{git}/commondir")
        return git if pointer is None else _beside(git, pointer)

    def _text(self, path: str) -> str | None:
        """None where there is no file."""
        self._marks[path] = _mark(path)  # before it is read: what is written meanwhile is seen
        return _text(path)


def _mark(path: str) -> _Mark:
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return None
    where = found.st_dev, found.st_ino
    return where if stat.S_ISDIR(found.st_mode) else (*where, found.st_size, found.st_mtime_ns)


def _real(root: str) -> str:
    """With every link followed. The kernel does that at once, and tells where it came to."""
    try:
        handle = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115 - a text is wanted
        finally:
            os.close(handle)
    except OSError:
        found = ""
    # Of a folder that is gone it tells "PATH (deleted)", without /proc nothing.
    return os.path.realpath(root) if not found or found.endswith(_DELETED) else found


def _checked(text: str) -> str | None:
    """What is no name of a commit is not told as one."""
    return text if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) else None


def _beside(folder: str, pointer: str) -> str:
    return os.path.normpath(os.path.join(folder, pointer.strip()))  # noqa: PTH118 - as above


def _text(path: str) -> str | None:
    """None where there is no file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        data = b""
        while more := os.read(handle, _AT_ONCE):
            data += more
            if len(more) < _AT_ONCE:
                break
    except IsADirectoryError:
        return None
    finally:
        os.close(handle)
    return data.decode("utf-8", "replace")
