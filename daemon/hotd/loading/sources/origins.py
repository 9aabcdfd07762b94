"""Where code on disk came from: the git commit that is checked out, and where a linked root leads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from hotd.contract.views import Origin


def origins(roots: Iterable[str]) -> tuple[Origin, ...]:
    """One for each root, in their order. Reads files only, runs no git, and never raises: at worst it knows nothing."""
    return tuple(_origin(root) for root in roots)


def _origin(root: str) -> Origin:
    real = os.path.realpath(root)
    return Origin(root, real if real != root else None, _commit(Path(real)))


def _commit(folder: Path) -> str | None:
    for above in (folder, *folder.parents):
        try:
            git = _repository(above / ".git")
            if git is not None:
                return _resolve(git, _text(git / "HEAD"))
        except (OSError, ValueError):
            return None  # half a repository, one that is closed to us, or no text at all
    return None


def _repository(git: Path) -> Path | None:
    """A work tree beside its repository has a file that names it."""
    if git.is_dir():
        return git
    if git.is_file():
        return Path(os.path.normpath(git.parent / _text(git).removeprefix("gitdir:").strip()))
    return None


def _resolve(git: Path, head: str) -> str | None:
    """``ref: refs/heads/main`` or a commit; a branch's own file counts before the packed ones."""
    name = head.removeprefix("ref:").strip()
    if name == head.strip():
        return _checked(name)
    for place in (git, _common(git)):
        if (place / name).is_file():
            return _checked(_text(place / name).strip())
        if (place / "packed-refs").is_file():
            for line in _text(place / "packed-refs").splitlines():
                commit, _, ref = line.partition(" ")
                if ref == name:
                    return _checked(commit)
    return None  # nothing was committed yet


def _checked(text: str) -> str | None:
    """What is no name of a commit is not told as one."""
    return text if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) else None


def _common(git: Path) -> Path:
    """Work trees share the branches of the repository they belong to."""
    pointer = git / "commondir"
    return Path(os.path.normpath(git / _text(pointer).strip())) if pointer.is_file() else git


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
