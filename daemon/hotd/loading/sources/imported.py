"""One file that was imported for good, and whether it is still what was imported."""

from __future__ import annotations

from collections.abc import Callable

from hotd.loading.sources.native import Status, digest, status


class Imported:
    """One file that was imported. Its identity is its content; its status only says when to read that again."""

    __slots__ = ("_content", "_digest", "_made", "_seen", "differs", "name", "path")

    def __init__(self, name: str, path: str, content: str | None = None, digest: Callable[[str], str] = digest) -> None:
        """``content``: the digest of what was imported, where whoever imported it knows."""
        self._digest = digest
        self.name = name
        """Of the module."""
        self.path = path
        self.differs = False
        self._made = status(path)
        self._content = content
        """None until it is read, and where it is too large for that."""
        self._seen = self._made if content is None else _UNSEEN

    @property
    def is_file(self) -> bool:
        """Whether there is such a file: what comes from an archive has none."""
        return self._made is not None or self._content is not None

    def look(self) -> None:
        """Costs a system call; the file is read the first time, and where its status is another than before."""
        now = status(self.path)
        if now != self._seen:
            self._seen = now
            self.differs = not self._is_as_made(now)
        elif self._content is None and not self.differs:
            content = self._content_now()
            if status(self.path) == now:  # else those may be other bytes already
                self._content = content

    def _is_as_made(self, now: Status | None) -> bool:
        if now is None:
            return False
        if self._content is not None:
            return self._content_now() == self._content
        # It changed before anybody could read it, or is too large for that. Nobody knows what it was.
        assert self._made is not None, "else it is no file"
        return now[:2] == self._made[:2]

    def _content_now(self) -> str | None:
        try:
            return self._digest(self.path)
        except OSError:  # it went, or it is too large
            return None


_UNSEEN = Status(-1, -1, -1, -1)
