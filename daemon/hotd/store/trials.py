"""What is being executed for the first time: code that ends the process leaves its name behind.

A file for each module, made before and removed after, without any fsync: whatever ends a process leaves what it wrote
to the kernel. A database would do the same for twenty times the price, on the way of every reload.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PREFIX = "trying-"


class Trials:
    """Implements ``hotd.ports.Trials``. A disk that takes nothing keeps nobody from trying."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, module: str, digest: str) -> None:
        with contextlib.suppress(OSError):
            # Four calls, beside busy threads each a wait for the interpreter lock: a text file would be ten.
            handle = os.open(self._place(module), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, digest.encode())
            finally:
                os.close(handle)

    def end(self, module: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._place(module))  # noqa: PTH108 - as above

    def _place(self, module: str) -> str:
        return f"{self._folder}/{PREFIX}{module}"

    def left(self) -> dict[str, str]:
        """module -> digest of what was being tried when the daemon died; told once."""
        found: dict[str, str] = {}
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.glob(f"{PREFIX}*")):
                with contextlib.suppress(OSError, ValueError):
                    found[path.name.removeprefix(PREFIX)] = path.read_text("utf-8")
                self.end(path.name.removeprefix(PREFIX))
        return found
