"""Where errors and warnings are gathered, so that all of them are told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from hotd.config.lines import Key
from hotd.contract.errors import BadConfig

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class _Finding(NamedTuple):
    line: int | None
    text: str


class Report:
    """Findings about one source of configuration: each says where, which key, and one sentence."""

    def __init__(
        self, label: str, *, lines: Mapping[Key, int] | None = None, names: Mapping[Key, str] | None = None
    ) -> None:
        """``label`` is what findings begin with; ``names`` are keys that the user knows by another name."""
        self.label = label
        self._lines = lines or {}
        self._names = names or {}
        self._errors: list[_Finding] = []
        self._warnings: list[_Finding] = []

    def error(self, key: Key, sentence: str) -> None:
        self._errors.append(self._finding(key, sentence))

    def warn(self, key: Key, sentence: str) -> None:
        self._warnings.append(self._finding(key, sentence))

    def name(self, key: Key) -> str:
        """The key as its user wrote it; positions in lists are left to the line number."""
        for length in range(len(key), 0, -1):
            if key[:length] in self._names:
                return self._names[key[:length]]
        parts = [part for part in key if isinstance(part, str)]
        return ".".join(part if _BARE.fullmatch(part) else json.dumps(part) for part in parts)

    def line(self, key: Key) -> int | None:
        """The line of the key or, where that is not written, of the table it is missing from."""
        for length in range(len(key), 0, -1):
            if key[:length] in self._lines:
                return self._lines[key[:length]]
        return None

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(finding.text for finding in sorted(self._warnings, key=_by_line))

    def raise_errors(self, *, file: str | None = None, hint: str | None = None) -> None:
        """Raises BadConfig with every error, one a line, in the order of the file; nothing when there is none."""
        if self._errors:
            errors = sorted(self._errors, key=_by_line)
            raise BadConfig("\n".join(error.text for error in errors), hint=hint, file=file, line=errors[0].line)

    def _finding(self, key: Key, sentence: str) -> _Finding:
        line = self.line(key)
        where = self.label if line is None else f"{self.label}:{line}"
        name = self.name(key)
        return _Finding(line, f"{where}: {name}: {sentence}" if name else f"{where}: {sentence}")


def _by_line(finding: _Finding) -> tuple[bool, int]:
    """Findings without a line come last."""
    return finding.line is None, finding.line or 0
