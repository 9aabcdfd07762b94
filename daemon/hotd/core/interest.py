"""Which names matter. Nothing here touches the disk; all paths are relative to their root, with ``/`` between."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from fnmatch import translate

CODE = (".py", ".so")
"""Sources and extension modules."""

NEVER_FOLDERS = frozenset(
    {
        *{".git", ".hg", ".svn"},
        *{"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"},
        *{".venv", "venv", ".tox", ".nox", "node_modules"},
    }
)
"""Nobody's sources: whatever lies below is neither watched nor told of. A root inside one of them is."""

DROPPINGS = (
    "*~",  # backups of vim and emacs
    ".*.sw?",  # vim's swap files
    "4913",  # vim asks with it whether the folder is writable
    ".#*",  # emacs' locks, which are links to nowhere
    "#*#",  # emacs' auto-saves
    "*.tmp",
    "*___jb_tmp___",  # JetBrains' safe write: the new content, then the old
    "*___jb_old___",
)


class Interest:
    """The rules of one watcher: code and the ``also`` patterns, without what editors drop and the ``ignore`` globs.

    A glob is held against the name of a file and against its path below the root, and ``*`` crosses ``/``. An
    ``ignore`` glob that fits a folder, by either, hides all that lies in it.
    """

    def __init__(self, ignore: Sequence[str] = (), also: Sequence[str] = ()) -> None:
        self._ignored = _any_of(ignore)
        self._also = _any_of(also)
        self._dropping = _any_of(DROPPINGS)

    def wants(self, path: str) -> bool:
        """Whether a change of this file is worth telling."""
        folder, _, name = path.rpartition("/")
        return (
            (name.endswith(CODE) or _fits(self._also, path))
            and not self._dropping.match(name)
            and not _fits(self._ignored, path)
            and self.enters(folder)
        )

    def declares(self, path: str) -> bool:
        """Whether this is a data file by an ``also`` glob."""
        return _fits(self._also, path) and self.could_be_data(path)

    def could_be_data(self, path: str) -> bool:
        """Whether this is neither code, nor dropped by an editor or interpreter, nor ignored."""
        folder, _, name = path.rpartition("/")
        return (
            not name.endswith((*CODE, ".pyc"))
            and not self._dropping.match(name)
            and not _fits(self._ignored, path)
            and self.enters(folder)
        )

    def enters(self, folder: str) -> bool:
        """Whether anything in this folder can matter; "" is the root itself."""
        return not folder or _lets_in(self._ignored, folder)


@functools.lru_cache(256)
def _lets_in(ignored: re.Pattern[str], folder: str) -> bool:
    """As `Interest.enters` has it. Kept for a while: it is asked for each file in a folder, one after the other."""
    return not any(
        name in NEVER_FOLDERS or ignored.match(name) or ignored.match(path) for path, name in _itself_and_above(folder)
    )


def _itself_and_above(folder: str) -> Iterator[tuple[str, str]]:
    """``a/b`` -> its path and name, then those of ``a``."""
    while folder:
        above, _, name = folder.rpartition("/")
        yield folder, name
        folder = above


def _fits(globs: re.Pattern[str], path: str) -> bool:
    return bool(globs.match(path) or globs.match(path.rpartition("/")[2]))


@functools.cache
def _compiled(globs: tuple[str, ...]) -> re.Pattern[str]:
    # `(?!)` fits nothing: no glob at all must not become the expression that fits everything.
    return re.compile("|".join(translate(glob) for glob in globs) or "(?!)")


def _any_of(globs: Sequence[str]) -> re.Pattern[str]:
    return _compiled(tuple(glob.removeprefix("./").rstrip("/") for glob in globs))
