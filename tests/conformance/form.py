"""The form in which our own cases are written down; that of ``cases.py`` was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Any

Text = str | bytes | None
Files = Mapping[str, Text]


class Cases(list[dict[str, Any]]):
    """What a data file collects."""

    def add(
        self,
        id: str,
        origin: str,
        v1: Files,
        v2: Files | Sequence[Files],
        new: Sequence[str] = (),
        old: Sequence[str] = (),
        pre: str = "",
        ok: bool | None = True,
        mid: Sequence[str] = (),
        roots: Sequence[str] = (".",),
        note: str = "",
    ) -> None:
        """The fields are those of ``cases.py``; texts are dedented, and ``roots`` names the source roots.

        Beyond that file's names, snippets see ``loader``, ``root`` (the folder) and ``error`` (the last refusal). A
        file whose text is ``-> target`` is a symbolic link.
        """
        self.append(
            {
                "id": id,
                "origin": f"hotd: {origin}",
                "v1": _dedented(v1),
                "v2": _dedented(v2) if isinstance(v2, Mapping) else [_dedented(step) for step in v2],
                "pre": dedent(pre),
                "ok": ok,
                "new": list(new),
                "old": list(old),
                "mid": [dedent(one) for one in mid],
                "roots": list(roots),
                "note": note,
            }
        )


def before_after(text: str, one: str = "1", two: str = "2") -> tuple[dict[str, str], dict[str, str]]:
    """Two versions of ``m.py``: ``§`` stands where they differ."""
    return {"m.py": text.replace("§", one)}, {"m.py": text.replace("§", two)}


def _dedented(files: Files) -> dict[str, Text]:
    return {name: dedent(one) if isinstance(one, str) else one for name, one in files.items()}
