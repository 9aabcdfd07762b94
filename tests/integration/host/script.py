"""A Python process of its own, spoken to line by line: what a test needs that ends, forks or is killed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from types import TracebackType
from typing import IO, Self


class Script:
    """Runs ``source``; killed at the end of the ``with`` block, if it has not ended by itself."""

    def __init__(self, source: str, *arguments: str) -> None:
        command = [sys.executable, "-W", "ignore", "-u", "-c", textwrap.dedent(source), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def says(self) -> str:
        """Its next line; "" once it has ended."""
        return self._stdout.readline().strip()

    @property
    def _stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._stdout.close()
