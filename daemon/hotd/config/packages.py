"""``packages``: installed packages that are managed as source roots are, wherever the import system finds them."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from hotd.config import keys
from hotd.config.places import world_writable
from hotd.config.roots import NEEDED_BY_HOTD
from hotd.config.section import Section
from hotd.contract.quoting import shown, shown_whole


def read_packages(top: Section) -> tuple[str, ...]:
    """The folder of each that can be managed."""
    importlib.invalidate_caches()
    folders: dict[str, None] = {}
    for position, name in top.places(keys.PACKAGES):
        problem, folder = _found(name)
        if problem is None and folder in folders:
            problem = f"{shown(name)} stands here twice; keep one"
        if problem is not None:
            top.report.error((keys.PACKAGES, position), problem)
        else:
            folders[folder] = None
    return tuple(folders)


def _found(name: str) -> tuple[str | None, str]:
    """What is wrong with it, or where it is."""
    if not name.isidentifier():
        parent = name.partition(".")[0]
        whole = f"; name the whole package: {shown(parent)}" if parent.isidentifier() else ""
        return f"{shown(name)} is not the name of a package that is imported{whole}", ""
    if name in sys.stdlib_module_names:
        return f"{shown(name)} belongs to Python itself, which all code shares", ""
    if name in NEEDED_BY_HOTD:
        return f"hotd itself needs {shown(name)}, which all code shares", ""
    spec = spec_of(name)
    if spec is None:
        return f"{shown(name)} is not installed for {sys.executable}: {sys.executable} -m pip install it", ""
    places = list(spec.submodule_search_locations or ())
    if not places:
        cure = f"put it under roots, or make it a folder {name}/ with an __init__.py"
        return f"{shown(name)} is one file, {shown_whole(str(spec.origin))}: a package is a folder; {cure}", ""
    if spec.origin is None or not spec.origin.endswith("__init__.py") or len(places) > 1:
        return f"{shown(name)} is a namespace package, in {' and in '.join(places)}: it has no one place to watch", ""
    folder = os.path.abspath(places[0])  # noqa: PTH100  (links are kept)
    if Path(folder).name != name:
        return f"{shown(name)} is imported from {shown_whole(folder)}, a folder of another name; use roots for it", ""
    if world_writable(Path(folder).stat().st_mode):
        why = "and so run code as the daemon's user"
        return f"everyone may write {shown_whole(folder)}, {why}: chmod o-w it", ""
    return None, folder


def spec_of(name: str) -> ModuleSpec | None:
    """Where a program of this interpreter would find it; finders of ours, which know what is managed, are not asked."""
    for finder in sys.meta_path:
        whose = finder if isinstance(finder, type) else type(finder)
        if whose.__module__.startswith("hotd."):
            continue
        if (spec := finder.find_spec(name, None)) is not None:
            return spec
    return None
