"""What users wrote, quoted inside a sentence."""

from __future__ import annotations

import json

LONGEST_QUOTE = 60


def shown(value: object) -> str:
    """A value of TOML or JSON as its user may have written it: on one line, short, harmless on a terminal."""
    if isinstance(value, str):
        return _shortened(shown_whole(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 64:  # str() of 0xfff… may refuse: too many digits
        return "a number of more than 64 bits"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return _shortened(str(value))


def shown_whole(text: str) -> str:
    """The same, however long it is: for paths, of which no part may be missing."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
