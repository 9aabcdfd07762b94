"""Named points in hosted code, in another process: who comes to one stands there until the test lets him go."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.eventually import eventually


class Gate:
    """A named pipe: whoever reads it stands still until a writer came and went."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self._writer: int | None = None

    @property
    def code(self) -> str:
        """An expression of Python for the one who is to stand here."""
        return f"open({str(self._path)!r}).read()"

    def reached(self, within: float = 60.0) -> None:
        """Wait until somebody stands here."""
        eventually(self._somebody, within=within, what=f"somebody to come to {self._path.name}")

    def open(self) -> None:
        """Let whoever stands here go on, once somebody does."""
        self.reached()
        assert self._writer is not None
        os.close(self._writer)
        self._writer = None

    def _somebody(self) -> bool:
        if self._writer is None:
            try:
                self._writer = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # ENXIO: nobody reads
                return False
        return True
