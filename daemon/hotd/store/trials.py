"""What is being executed for the first time: code that ends the process leaves its name behind.

One small file, written over in place before and after, without any fsync: whatever ends a process leaves what it wrote
to the kernel. It is on the way of every reload, so it is two system calls each time, of a hundredth of a millisecond;
to make a file takes half a millisecond, a database two.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
from pathlib import Path

NAME = "trying"

_LARGEST = 1 << 20
"""Bytes; a text of the names of all modules is less."""


class Trials:
    """Implements ``hotd.ports.Trials``. A disk that takes nothing keeps nobody from trying."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = threading.Lock()
        """Guards all below, and the order of what is written."""
        self._handle: int | None = None
        self._file = (0, 0)
        """Which file that is."""
        self._trying: dict[str, str] = {}
        self._closed = False

    def begin(self, module: str, digest: str) -> None:
        with self._lock:
            self._trying[module] = digest
            self._write()

    def end(self, module: str) -> None:
        with self._lock:
            if self._trying.pop(module, None) is not None:
                self._write()

    def left(self) -> dict[str, str]:
        """module -> digest of what was being tried when the daemon died; told once."""
        with contextlib.suppress(OSError):
            handle = self._open()
            text, _, _ = os.pread(handle, _LARGEST, 0).partition(b"\n")
            os.ftruncate(handle, 0)
            with contextlib.suppress(ValueError, AttributeError):  # empty, or no such text: it died of something else
                return {str(module): str(digest) for module, digest in json.loads(text).items()}
        return {}

    def close(self) -> None:
        """What is still being tried will be told to the next daemon, and nothing that is begun later. Idempotent."""
        with self._lock:
            self._closed = True
            handle, self._handle = self._handle, None
            if handle is not None and self._is_it(handle):
                os.close(handle)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            # Whatever is behind the end of the line is of an earlier, longer one.
            os.pwrite(self._open(), json.dumps(self._trying).encode("ascii") + b"\n", 0)

    def _open(self) -> int:
        if self._closed:
            raise OSError(errno.EBADF, "it is closed", str(self._path))
        if self._handle is None or not self._is_it(self._handle):
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            found = os.fstat(self._handle)
            self._file = found.st_dev, found.st_ino
        return self._handle

    def _is_it(self, handle: int) -> bool:
        """Whether the file is still in its folder, and nobody closed what is not his: the number may be of another."""
        try:
            found = os.fstat(handle)
        except OSError:
            return False
        if (found.st_dev, found.st_ino) != self._file:
            return False
        if found.st_nlink == 0:
            os.close(handle)
        return found.st_nlink > 0
