"""Where roots really are, and what their files are called by those who configured them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hotd.core.interest import Interest


@dataclass(frozen=True, slots=True)
class Root:
    """A source root under both its names."""

    named: str
    """As configured, made absolute."""
    real: str
    """Where that led when it was looked up. Events come from here: inotify would watch the link, not what it means."""

    @classmethod
    def at(cls, path: Path) -> Self:
        named = str(path.absolute())
        return cls(named, os.path.realpath(named))


class Places:
    """All roots of a watcher. Two of them may be one folder, or one may lie in the other.

    Every real path is told under each root that it lies in, by the name of that root.
    """

    def __init__(self, roots: Sequence[Path], interest: Interest) -> None:
        self._roots = tuple(dict.fromkeys(Root.at(path) for path in roots))
        self._interest = interest

    def move(self, roots: Sequence[Path]) -> None:
        """From now on these are the roots, for whoever holds this. What is a root already is not looked up anew."""
        known = {root.named: root for root in self._roots}
        self._roots = tuple(dict.fromkeys(known.get(str(path.absolute()), Root.at(path)) for path in roots))

    def trees(self) -> tuple[Root, ...]:
        """The roots to schedule: those that lie in no other. Of two for one folder the first."""
        trees: list[Root] = []
        for root in sorted(self._roots, key=lambda root: len(root.real)):  # the outer ones first; sorting is stable
            if not any(_below(tree.real, root.real) is not None for tree in trees):
                trees.append(root)
        return tuple(trees)

    def wanted(self, real: str) -> Iterator[str]:
        """The names under which a change of this file is worth telling."""
        return (_join(root.named, path) for root, path in self._holders(real) if path and self._interest.wants(path))

    def wants(self, real: str) -> bool:
        """Whether a change of this file is worth telling under any name."""
        return any(path and self._interest.wants(path) for _, path in self._holders(real))

    def folder(self, real: str) -> Iterator[str]:
        """The names under which the removal of this folder is worth telling."""
        return (_join(root.named, path) for root, path in self._holders(real) if self._interest.enters(path))

    def enters(self, real: str) -> bool:
        """Whether something in this folder can matter to a root, or a root lies in it."""
        return any(self._interest.enters(path) for _, path in self._holders(real)) or any(
            _below(real, root.real) for root in self._roots
        )

    def _holders(self, real: str) -> Iterator[tuple[Root, str]]:
        for root in self._roots:
            if (path := _below(root.real, real)) is not None:
                yield root, path


def _below(folder: str, path: str) -> str | None:
    """``/a``, ``/a/b/c`` -> ``b/c``; "" for the folder itself; None for what lies elsewhere."""
    if path == folder:
        return ""
    prefix = folder if folder.endswith("/") else folder + "/"
    return path[len(prefix) :] if path.startswith(prefix) else None


def _join(folder: str, path: str) -> str:
    return f"{folder.rstrip('/')}/{path}" if path else folder
