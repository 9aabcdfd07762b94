"""Reading the data files of folders of code: those that changed, each once."""

# Paths are strings in this room (see `files`).
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from hotd.contract.errors import LoadRejected
from hotd.loading.linking.refusal import unreadable
from hotd.loading.sources.data import Data, DataFile, folders_of
from hotd.loading.sources.disk import SOURCE, Disk, Location
from hotd.loading.sources.files import folder_name
from hotd.loading.sources.roots import Roots
from hotd.loading.sources.source import digest_of

LARGEST_UNDECLARED = 1 << 20
"""Bytes. A model of gigabytes beside its code is no part of a digest unless somebody says so."""
MOST = 1_000
"""Files, and folders, in one folder of code; what is beyond is read from the disk whenever it is asked for."""
MOST_BYTES = 16 << 20


class Gatherer:
    """Reads data files in one look at the disk, each at most once."""

    def __init__(self, roots: Roots, disk: Disk, named: frozenset[str] | None) -> None:
        """``named``: the only paths that may have changed since the last look; None: any may."""
        self._roots = roots
        self._disk = disk
        self._named = named
        self._gathered: dict[tuple[str, bool], dict[str, DataFile]] = {}
        self._patched: dict[int, tuple[Data, Data]] = {}
        self._read: dict[str, DataFile | None] = {}
        self.errors: list[LoadRejected] = []

    def wanted(self, *, whole: bool) -> bool:
        """Whether there is anything to look for."""
        return whole or self._roots.has_data

    def gather(self, location: Location, before: Data | None, *, whole: bool, surely: bool) -> Data:
        """The data of a part now; ``before`` itself where nothing differs. What was not named is not asked for.

        ``surely``: look at everything, whatever was named.
        """
        folders = folders_of(location)
        same = before is not None and before.whole == whole and before.folders == folders
        if before is not None and same and self._named is not None and not surely:
            known = self._patched.get(id(before))
            if known is None:
                known = self._patched[id(before)] = before, self._patch(before)
            return known[1]
        files: dict[str, DataFile] = {}
        for folder in folders:
            files.update(self._below(folder, whole=whole))
        now = Data(folders, whole, files)
        return before if before is not None and same and before.difference(now) is None else now

    def _patch(self, before: Data) -> Data:
        assert self._named is not None
        files = dict(before.files)
        for path in self._named:
            if path not in files and not any(self._belongs(path, folder) for folder in before.folders):
                continue
            inside = any(known.startswith(path + os.sep) for known in files)
            if inside or self._disk.kind(path):
                files = {p: one for folder in before.folders for p, one in self._below(folder, before.whole).items()}
                break
            if path in files or self._is_data(path, whole=before.whole):
                found = self._file(path, declared=self._roots.declares(path))
                files.pop(path, None)
                if found is not None:
                    files[path] = found
        now = Data(before.folders, before.whole, dict(sorted(files.items())))
        return before if before.difference(now) is None else now

    def _belongs(self, path: str, folder: str) -> bool:
        """Whether no other folder of code is nearer to the path."""
        if not path.startswith(folder + os.sep):
            return False
        above = folder_name(path)
        while above != folder:
            if not self._roots.enters(above) or _holds_code(self._disk.entries(above)):
                return False
            above = folder_name(above)
        return True

    def _below(self, folder: str, whole: bool) -> dict[str, DataFile]:
        found = self._gathered.get((folder, whole))
        if found is None:
            found = self._gathered[folder, whole] = {}
            size = 0
            for path in sorted(self._paths(folder, whole)):
                declared = self._roots.declares(path)
                if not declared and (len(found) >= MOST or size >= MOST_BYTES):
                    continue
                one = self._file(path, declared=declared)
                if one is not None:
                    found[path] = one
                    size += len(one.data)
        return found

    def _paths(self, folder: str, whole: bool) -> Iterator[str]:
        work, seen = [folder], 0
        while work and seen < MOST:
            at, seen = work.pop(), seen + 1
            for name, is_folder in self._disk.entries(at).items():
                path = os.path.join(at, name)
                if not is_folder:
                    if self._is_data(path, whole=whole):
                        yield path
                elif self._roots.enters(path) and not _holds_code(self._disk.entries(path)):
                    work.append(path)

    def _is_data(self, path: str, *, whole: bool) -> bool:
        return self._roots.declares(path) or (whole and self._roots.could_be_data(path))

    def _file(self, path: str, *, declared: bool) -> DataFile | None:
        if path not in self._read:
            self._read[path] = None
            try:
                data = self._disk.read(path, *(() if declared else (LARGEST_UNDECLARED,)))
            except FileNotFoundError:
                pass  # it went away since the folder was read: then it is not there
            except OSError as error:
                if declared:
                    self.errors.append(unreadable(path, error))
            else:
                self._read[path] = DataFile(path, self._roots.place(path)[1], data, digest_of(data))
        return self._read[path]


def _holds_code(entries: Iterable[str]) -> bool:
    return any(name.endswith(SOURCE) for name in entries)
