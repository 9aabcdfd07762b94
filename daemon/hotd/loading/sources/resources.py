"""What ``importlib.resources`` hands to managed code: the data files of its own generation, whatever the disk says."""

from __future__ import annotations

import io
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hotd.loading.sources.data import Data
from hotd.loading.sources.files import ANY_SIZE, ON_DISK, read


class DataPath:
    """A place below a package: a ``Traversable`` over the data that a part was loaded with, and the disk for the rest.

    Whoever needs a real file (``os.fspath``, ``open``) gets one with the old bytes: the file itself as long as it has
    them, else a copy that lives as long as the generation's data.
    """

    __slots__ = ("_data", "_folders", "_path")

    def __init__(self, data: Data, folders: Sequence[str]) -> None:
        """``folders``: more than one for a namespace package; a name is looked for in each in turn."""
        self._data = data
        self._folders = tuple(folders)
        self._path = folders[0]

    @property
    def name(self) -> str:
        return os.path.basename(self._path)  # noqa: PTH119 - strings, as everywhere in this room

    def iterdir(self) -> Iterator[DataPath]:
        found: dict[str, str] = {}
        for folder in self._folders:
            inside = folder + os.sep
            names = [path[len(inside) :].partition(os.sep)[0] for path in self._data.files if path.startswith(inside)]
            for name in [*names, *ON_DISK.entries(folder)]:
                found.setdefault(name, inside + name)
        if not found and not self.is_dir():
            raise NotADirectoryError(f"{self._path} is no folder")
        return (DataPath(self._data, [path]) for path in found.values())

    def is_dir(self) -> bool:
        return any(
            ON_DISK.kind(folder) or any(path.startswith(folder + os.sep) for path in self._data.files)
            for folder in self._folders
        )

    def is_file(self) -> bool:
        return any(path in self._data.files or ON_DISK.kind(path) is False for path in self._folders)

    def joinpath(self, *descendants: str) -> DataPath:
        if not descendants:
            return self
        places = [os.path.normpath(f"{folder}/{'/'.join(map(str, descendants))}") for folder in self._folders]
        there = [place for place in places if DataPath(self._data, [place]).exists()]
        return DataPath(self._data, there or places[:1])

    def __truediv__(self, child: str) -> DataPath:
        return self.joinpath(child)

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def read_bytes(self) -> bytes:
        known = self._data.files.get(self._path)
        return read(self._path, ANY_SIZE) if known is None else known.data

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        with self.open(encoding=encoding, errors=errors) as file:
            text: str = file.read()
            return text

    def open(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> Any:
        known = self._data.files.get(self._path)
        if known is None:
            return Path(self._path).open(mode, buffering, encoding, errors, newline)
        if set(mode) - set("rbt"):
            raise io.UnsupportedOperation(f"{self._path} is data of a generation: it can only be read")
        stream = io.BytesIO(known.data)
        return stream if "b" in mode else io.TextIOWrapper(stream, io.text_encoding(encoding), errors, newline)

    def __fspath__(self) -> str:
        known = self._data.files.get(self._path)
        if known is None:
            return self._path
        try:
            if read(self._path, len(known.data)) == known.data:
                return self._path
        except OSError:
            pass  # gone, unreadable or grown: then it is not what the generation was loaded with
        copy = _copies.get(known)
        if copy is None:
            handle, copy = tempfile.mkstemp(prefix="hotd-", suffix=f"-{self.name}")
            with os.fdopen(handle, "wb") as file:
                file.write(known.data)
            _copies[known] = copy
            weakref.finalize(known, _remove, copy)
        return copy

    def __str__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        return f"<{self._path} as it was loaded>" if self._path in self._data.files else f"<{self._path}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataPath) and (self._data, self._folders) == (other._data, other._folders)

    def __hash__(self) -> int:
        return hash(self._folders)

    def __getattr__(self, attribute: str) -> Any:
        # importlib's own readers hand out a pathlib.Path, and much code counts on that: `suffix`, `stem`, `parent`.
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return getattr(Path(self._path), attribute)


class DataReader:
    """The resource reader of one part."""

    def __init__(self, data: Data, folders: Sequence[str]) -> None:
        self._root = DataPath(data, folders)

    def files(self) -> DataPath:
        return self._root

    # --- the interface of before 3.9, which some libraries still use ---------------------------------------------

    def open_resource(self, resource: str) -> Any:
        return (self._root / resource).open("rb")

    def resource_path(self, resource: str) -> str:
        return os.fspath(self._root / resource)

    def is_resource(self, path: str) -> bool:
        return (self._root / path).is_file()

    def contents(self) -> Iterator[str]:
        return (one.name for one in self._root.iterdir())


_copies: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)
