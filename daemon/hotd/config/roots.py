"""Source roots: folders that exist, that not everyone may write, and whose files take nobody else's name."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from hotd.config import keys
from hotd.config.places import Surroundings, Unseen, absolute, looked_at, unusable, world_writable
from hotd.config.section import Section
from hotd.contract.quoting import shown, shown_whole

NEEDED_BY_HOTD = frozenset(
    {"hotd", "hotctl", "rpyc", "plumbum", "watchdog", "rich", "pygments", "markdown_it", "mdurl"}
)


def read_roots(top: Section, around: Surroundings) -> tuple[str, ...]:
    """The usable roots; the config's own folder where none is written."""
    roots: dict[str, str] = {}
    """Where it really is -> where it is by its name."""
    if top.get(keys.ROOTS) == []:
        top.error(keys.ROOTS, 'is empty; write at least one folder, like ["ops"]')
    for position, text in top.places(keys.ROOTS, (".",)):
        root = absolute(text, around.base)
        real = os.path.realpath(root) if "\0" not in root else root
        if problem := unusable(text) or _refused(root):
            problems = [problem]
        elif real in roots:
            problems = [f"{shown(text)} is the same folder as {shown_whole(roots[real])}; keep one"]
        else:
            roots[real] = root
            problems = _taken_names(root)
        for problem in problems:
            top.report.error((keys.ROOTS, position), problem)
    _warn_of_nested(top, roots)
    return tuple(roots.values())


def holders(top_module: str, roots: tuple[str, ...]) -> list[str]:
    """The roots in which a module of that name, or a package, is found."""
    return [root for root in roots if _is_package(f"{root}/{top_module}") or _is_file(f"{root}/{top_module}.py")]


def _refused(root: str) -> str | None:
    there = looked_at(root)
    if isinstance(there, Unseen):
        return there.sentence
    if not stat.S_ISDIR(there.st_mode):
        return f"{shown_whole(root)} is not a folder"
    if os.path.realpath(root) == "/":
        return f"{shown_whole(root)} is the whole file system; name the folder that your modules lie in"
    if not os.access(root, os.R_OK | os.X_OK, effective_ids=True):
        return f"{shown_whole(root)} may not be read by the user of this process"
    if world_writable(there.st_mode):
        return f"everyone may write {shown_whole(root)}, and so run code as the daemon's user: chmod o-w it"
    return None


def _warn_of_nested(top: Section, roots: dict[str, str]) -> None:
    for inner, written in roots.items():
        for outer, around in roots.items():
            if inner != outer and Path(inner).is_relative_to(outer):
                sentence = (
                    f"{shown_whole(written)} lies in {shown_whole(around)}: its files can be imported under two names"
                )
                top.report.warn((keys.ROOTS,), sentence)


def _taken_names(root: str) -> list[str]:
    """A sentence for each file or package at the top of the root whose name belongs to somebody else."""
    problems = []
    for entry in sorted(os.listdir(root)):  # noqa: PTH208  (names are all that is wanted)
        path = f"{root}/{entry}"
        name = entry.removesuffix(".py")
        if name in sys.stdlib_module_names:
            owner = "a standard module"
        elif name in NEEDED_BY_HOTD:
            owner = "a package that hotd itself needs"
        else:
            continue
        if _is_package(path) if name == entry else _is_file(path):
            problems.append(f"{shown_whole(path)} has the name of {owner}: rename it")
    return problems


def _is_package(path: str) -> bool:
    """A regular one: a mere folder named like a module takes nobody's place."""
    return _is_file(f"{path}/__init__.py")


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113  (Path.is_file raises in a folder that may not be entered)
