"""The module objects of parts: they look like any other, with a ``__builtins__`` of their own."""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

from hotd.loading.imports.execution import execute
from hotd.loading.imports.part import OWNER, Part
from hotd.loading.imports.standin import standin_of
from hotd.loading.sources.disk import MODULE, NAMESPACE
from hotd.loading.sources.files import ANY_SIZE, read

MANAGED = "is managed by hotd: it is loaded by a hotd.loading.Loader, and reloaded by Loader.reload() or hotctl reload"


class PartLoader:
    """The ``__loader__`` of one part: source, code and package data of exactly its own snapshot."""

    __slots__ = ("_part", "name", "path")

    def __init__(self, part: Part) -> None:
        self._part = part
        self.name = part.name
        self.path = part.location.path

    def __repr__(self) -> str:
        return f"<hotd loader of {self.name}>"

    def get_source(self, fullname: str | None = None) -> str | None:
        """The text that this part was made of, whatever the file says now; None for a namespace package."""
        return None if self._part.source is None else self._part.source.text

    def get_code(self, fullname: str | None = None) -> CodeType | None:
        return None if self._part.source is None else self._part.source.code

    def get_filename(self, fullname: str | None = None) -> str:
        return self.path

    def is_package(self, fullname: str | None = None) -> bool:
        return self._part.is_package

    def get_data(self, path: str) -> bytes:
        """The part's own bytes, those of its data files, any other file as it is on disk now. OSError as for any."""
        part = self._part
        if part.source is not None and path == self.path:
            return part.source.data
        known = part.data.files.get(os.path.normpath(path)) if part.data is not None else None
        return read(path, ANY_SIZE) if known is None else known.data

    def get_resource_reader(self, fullname: str | None = None) -> Any:
        """For ``importlib.resources``: the data files of the part, or the disk where it has none."""
        data = self._part.data
        if data is not None and data.files and self._part.is_package:
            from hotd.loading.sources.resources import (
                DataReader,  # as the next, it brings tempfile; most programs never ask
            )

            return DataReader(data, self._part.location.folders)
        import importlib.readers

        if self._part.location.kind is NAMESPACE:
            return importlib.readers.NamespaceReader(_Portions(self._part.location.folders))
        return importlib.readers.FileReader(self)  # type: ignore[arg-type] # it needs `path` and nothing else

    def create_module(self, spec: ModuleSpec) -> None:
        """None: what the import system makes then is thrown away by `exec_module`."""

    def exec_module(self, module: ModuleType) -> None:
        """ImportError: a second module of this part would belong to no generation, and none that runs is ever mutated.

        Except when the import system itself has just found the name through our finder: then the part is executed, and
        what stands in for it takes the place of the module that was made here.
        """
        standin = standin_of(self.name)
        found_now = getattr(module.__spec__, "_initializing", False) and sys.modules.get(self.name) is module
        if standin is None or not found_now:
            raise ImportError(f"{self.name} {MANAGED}", name=self.name, path=self.path)
        sys.modules[self.name] = standin
        execute(self._part)


class _Portions:
    """``NamespaceReader`` wants to recognise the path object of importlib by its repr."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._folders = tuple(folders)

    def __repr__(self) -> str:
        return f"NamespacePath({list(self._folders)})"

    def __iter__(self) -> Any:
        return iter(self._folders)


def fresh(part: Part, import_function: Callable[..., ModuleType]) -> ModuleType:
    """An empty module for the part, whose import statements call that function."""
    module = ModuleType(part.name)
    loader = PartLoader(part)
    is_package = part.location.kind is not MODULE
    package = part.name if is_package else part.name.rpartition(".")[0]
    has_file = part.location.kind is not NAMESPACE
    spec = ModuleSpec(
        part.name,
        loader,  # type: ignore[arg-type] # typeshed wants a subclass of importlib's Loader; importlib does not
        origin=part.location.path if has_file else None,
        is_package=is_package,
    )
    # An exact dict: only for that does the interpreter look built-in names up at full speed.
    own = builtins.__dict__.copy()
    own["__import__"] = import_function
    own[OWNER] = part
    space = module.__dict__
    space["__spec__"], space["__loader__"], space["__package__"], space["__builtins__"] = spec, loader, package, own
    if is_package:
        spec.submodule_search_locations = space["__path__"] = list(part.location.folders)
    if has_file:
        spec.has_location = True
        space["__file__"] = part.location.path
    return module


def relative_to(package: str, name: str) -> str:
    """An absolute name for ``.sub``. ImportError beyond the top-level package."""
    return importlib.util.resolve_name(name, package)
