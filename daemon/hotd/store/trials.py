"""What is being executed for the first time: code that ends the process leaves its name behind.

A file for each module, made before and removed after, without any fsync: whatever ends a process leaves what it wrote
to the kernel. A database would do the same for twenty times the price, on the way of every reload.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

PREFIX = "trying-"


class Trials:
    """Implements ``hotd.ports.Trials``. A disk that takes nothing keeps nobody from trying."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, module: str, digest: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / f"{PREFIX}{module}").write_text(digest, "utf-8")

    def end(self, module: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / f"{PREFIX}{module}").unlink()

    def left(self) -> dict[str, str]:
        """module -> digest of what was being tried when the daemon died; told once."""
        found: dict[str, str] = {}
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.glob(f"{PREFIX}*")):
                with contextlib.suppress(OSError, ValueError):
                    found[path.name.removeprefix(PREFIX)] = path.read_text("utf-8")
                self.end(path.name.removeprefix(PREFIX))
        return found
