"""What a child of multiprocessing does first, so that it imports the code of the generation that started it.

Sent to the child as text (`children`) and executed there before anything of the user's is imported. It needs nothing of
hotd, which the child may be unable to import, except for ``importlib.resources``. Modules are ordinary ones, with their
usual ``__file__``, in ``sys.modules`` and nowhere else: a child has one generation, for life.
"""

from __future__ import annotations

import importlib.util
import linecache
import marshal
import os
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

NAME = "hotd_arrival"
"""``__name__`` of this text in a child."""
KEY = "hotd"
"""Where it travels in multiprocessing's own preparation data."""


class Parcel:
    """Unpickled in a child, it unpacks itself."""

    def __init__(self, text: str, code: bytes) -> None:
        self._text = text
        self._code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self._text, {"__name__": NAME, "TEXT": self._text, "CODE": self._code})


def pack(
    modules: Mapping[str, tuple[str, tuple[str, ...] | None]],
    files: Mapping[str, bytes],
    absent: Iterable[str],
    roots: Sequence[str],
) -> bytes:
    """The code of a generation.

    ``modules``: name -> its file ("" for a namespace package) and, of a package, the folders of its submodules.
    ``files``: the bytes of those files, and of others that are read instead of the disk's. ``absent``: names that were
    looked for under the ``roots`` in vain.
    """
    return zlib.compress(marshal.dumps((dict(modules), dict(files), set(absent), list(roots))), 1)


class Snapshot:
    """First on ``sys.meta_path``: the generation's modules are those that it had, and no others are under the roots."""

    def __init__(self, code: bytes) -> None:
        modules, files, absent, roots = marshal.loads(zlib.decompress(code))
        self._modules: dict[str, tuple[str, tuple[str, ...] | None]] = modules
        self._files: dict[str, bytes] = files
        self._absent: set[str] = absent
        self.roots: list[str] = roots
        self._prefixes = tuple({f"{one.rstrip(os.sep)}/" for root in roots for one in (root, os.path.realpath(root))})

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = self._modules.get(name)
        if found is not None:
            return self._spec(name, *found)
        if name in self._absent and self._appeared(name, path):
            beyond = [folder for folder in (sys.path if path is None else path) if not self._holds(folder)]
            spec = PathFinder.find_spec(name, beyond)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return spec
        return None

    def holds(self, name: str, module: object) -> bool:
        """Whether it is a module that this generation has itself, or that lies where it has its own."""
        file = getattr(module, "__file__", None)
        return name in self._modules or (isinstance(file, str) and self._holds(file))

    def _spec(self, name: str, file: str, folders: tuple[str, ...] | None) -> ModuleSpec:
        loader = SnapshotLoader(name, file, self._files) if file else SpaceLoader(self._files, folders or ())
        spec = ModuleSpec(
            name,
            loader,  # type: ignore[arg-type] # structurally a loader
            origin=file or None,
            is_package=folders is not None,
        )
        spec.has_location = bool(file)
        if folders is not None:
            spec.submodule_search_locations = list(folders)
        return spec

    def _appeared(self, name: str, path: Sequence[str] | None) -> bool:
        """Whether the disk has a source now where the generation found none; an extension it has found by itself."""
        if path is None and name in sys.stdlib_module_names:
            return False
        spec = PathFinder.find_spec(name, self.roots if path is None else path)
        if spec is None or isinstance(spec.loader, ExtensionFileLoader):
            return False
        places = [spec.origin] if spec.has_location and spec.origin else spec.submodule_search_locations or ()
        return any(self._holds(place) for place in places)

    def _holds(self, path: str) -> bool:
        return f"{path.rstrip(os.sep)}/".startswith(self._prefixes)


class SnapshotLoader(SourceFileLoader):
    """Loads from the bytes that were sent, never from a ``.pyc``; other files are the disk's."""

    def __init__(self, name: str, path: str, files: Mapping[str, bytes]) -> None:
        super().__init__(name, path)
        self._files = files

    def path_stats(self, path: Any) -> Mapping[str, Any]:
        raise OSError("no bytecode fits this source")

    def get_data(self, path: Any) -> bytes:
        data = self._files.get(os.fspath(path))
        return super().get_data(path) if data is None else data

    def exec_module(self, module: ModuleType) -> None:
        # Tracebacks would read the file, which may hold other code by now. Without a time this entry never expires.
        text = importlib.util.decode_source(self.get_data(self.path))
        linecache.cache[self.path] = (len(text), None, text.splitlines(keepends=True), self.path)
        super().exec_module(module)

    def get_resource_reader(self, name: str | None = None) -> Any:
        folder = os.path.dirname(self.path)  # noqa: PTH120 - paths are strings, as everywhere in this room
        return _reader(self._files, [folder]) or super().get_resource_reader(name)


class SpaceLoader:
    """Of a namespace package: it has folders, and maybe data."""

    def __init__(self, files: Mapping[str, bytes], folders: Sequence[str]) -> None:
        self._files = files
        self._folders = folders

    def create_module(self, spec: ModuleSpec) -> None: ...

    def exec_module(self, module: ModuleType) -> None: ...

    def get_resource_reader(self, name: str) -> Any:
        return _reader(self._files, self._folders)


def _reader(files: Mapping[str, bytes], folders: Sequence[str]) -> Any:
    """What ``importlib.resources`` reads those folders by: old bytes first. None where hotd cannot be imported."""
    try:
        from hotd.loading.sources.data import Data, DataFile
        from hotd.loading.sources.resources import DataReader
    except ImportError:
        return None
    held = {path: DataFile(path, "", data, "") for path, data in files.items()}
    return DataReader(Data(tuple(folders), whole=True, files=held), folders)


class Beyond:
    """Last on ``sys.meta_path``: a name that the generation did not mention is looked for under its roots as well."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, self._roots) if path is None else None


def arrive(text: str, code: bytes) -> None:
    """Import from the snapshot from now on, and send it on to children of this child."""
    snapshot = Snapshot(code)
    sys.meta_path.insert(0, snapshot)
    sys.meta_path.append(Beyond(snapshot.roots))
    # A fork server may have imported some of it beforehand, from the disk of that time.
    for name, module in sys.modules.copy().items():
        if name not in ("__main__", "__mp_main__") and snapshot.holds(name, module):
            del sys.modules[name]
    from multiprocessing import spawn

    prepare = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        return {**prepare(name), KEY: Parcel(text, code)}

    spawn.get_preparation_data = get_preparation_data


if __name__ == NAME:
    arrive(globals()["TEXT"], globals()["CODE"])
