"""What the ordinary import system is told about managed names: outside code asks, or a library for managed code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from types import ModuleType

from hotd.core import names
from hotd.loading.imports.asking import askers, resolve
from hotd.loading.imports.modules import MANAGED
from hotd.loading.imports.part import OWNER, Part
from hotd.loading.imports.routing import Importer
from hotd.loading.imports.standin import known, standin_of
from hotd.loading.patches import awaited, patched_spec
from hotd.loading.sources.disk import Kind
from hotd.loading.sources.files import absolute
from hotd.loading.sources.native import NativeLoader
from hotd.loading.sources.roots import Roots


class Finder:
    """First on ``sys.meta_path`` while a loader is open. Says nothing about names that are not managed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec that gives the stand-in, or an extension module under the roots.

        Raises ImportError for ``importlib.reload`` of a managed module, and ModuleNotFoundError for a submodule that
        the asker's generation does not have: the file on disk may be of another time.
        """
        if known(fullname):
            if target is not None:
                raise ImportError(f"{fullname} {MANAGED}", name=fullname)
            return ModuleSpec(fullname, StandInLoader())  # type: ignore[arg-type] # structurally a loader
        if awaited(fullname):
            return patched_spec(fullname, path, self)
        frame = sys._getframe(1)
        asker = next(askers(frame), None)
        package = names.parent(fullname)
        owner = resolve(package, frame) if package and known(package) else None
        if owner is not None:
            return self._below(fullname, asker, owner, path)
        if asker is not None and not package:
            return self._beside(fullname, asker)
        return None

    def _below(self, fullname: str, asker: Part | None, owner: Part, path: Sequence[str] | None) -> ModuleSpec:
        """A submodule, not managed so far, of a managed package."""
        native = _extension(fullname, owner.roots, owner.location.folders)
        if native is not None:
            return native
        if self._load(fullname, asker or owner):
            return ModuleSpec(fullname, StandInLoader())  # type: ignore[arg-type] # structurally a loader
        beyond = [folder for folder in path or () if not owner.roots.contain(absolute(folder))]
        spec = PathFinder.find_spec(fullname, beyond) if beyond else None
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return spec

    def _beside(self, fullname: str, asker: Part) -> ModuleSpec | None:
        """A top-level name that managed code asks for, itself or through a library."""
        native = _extension(fullname, asker.roots, None)
        if native is not None:
            return native
        if self._load(fullname, asker):
            return ModuleSpec(fullname, StandInLoader())  # type: ignore[arg-type] # structurally a loader
        if not any(asker.roots.contain(absolute(folder)) for folder in sys.path):
            return None
        # A root is on sys.path too. What lies there now is not what this code's snapshot saw there.
        spec = PathFinder.find_spec(fullname)
        if spec is None or not spec.origin or not asker.roots.contain(absolute(spec.origin)):
            return None
        beyond = [folder for folder in sys.path if not asker.roots.contain(absolute(folder))]
        spec = PathFinder.find_spec(fullname, beyond)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return spec

    @staticmethod
    def _load(fullname: str, asker: Part) -> bool:
        chain = Importer(asker).chain(fullname, 3)
        return chain is not None and chain[-1].name == fullname


class StandInLoader:
    """Lets the import system find the stand-in, without touching any attribute of it."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        standin = standin_of(name)
        if standin is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.modules[name] = standin


def _extension(fullname: str, roots: Roots, within: Sequence[str] | None) -> ModuleSpec | None:
    place = roots.disk_now().locate(fullname, within)
    if place is None or place.kind is not Kind.EXTENSION:
        return None
    loader = NativeLoader(fullname, place.path)
    return spec_from_file_location(
        fullname, place.path, loader=loader, submodule_search_locations=list(place.folders) or None
    )


def managed(module: object) -> bool:
    """Whether the object is the real module of some part."""
    if not isinstance(module, ModuleType):
        return False
    own = getattr(module, "__builtins__", None)
    return isinstance(own, dict) and OWNER in own
