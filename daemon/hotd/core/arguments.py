"""``args`` and ``kwargs`` of a module: templates, filled for each instance.

``"{instance}"`` alone is the instance's number, an int; within a longer string it is its digits; ``{{`` and ``}}`` are
braces, as in every f-string.
"""

from __future__ import annotations

import re
from typing import Any

from hotd.contract.quoting import shown

_FIELD = "{instance}"
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")


def fill(value: Any, instance: int) -> Any:
    """The value for one instance. Lists, tuples and tables in it are new ones, so no instance sees another's changes.

    Raises ValueError where ``check`` finds something.
    """
    if isinstance(value, str):
        return instance if value == _FIELD else _TOKEN.sub(lambda token: _filled(token[0], instance), value)
    if isinstance(value, list):
        return [fill(item, instance) for item in value]
    if isinstance(value, tuple):
        return tuple(fill(item, instance) for item in value)
    if isinstance(value, dict):
        return {key: fill(item, instance) for key, item in value.items()}
    return value


def check(value: Any) -> list[str]:
    """A sentence for each place that ``fill`` could not fill; empty when all is well."""
    if isinstance(value, str):
        return [said for token in _TOKEN.findall(value) if (said := _complaint(token, value))]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [said for item in value for said in check(item)]
    return []


def _filled(token: str, instance: int) -> str:
    match token:
        case "{{" | "}}":
            return token[0]
        case "{instance}":
            return str(instance)
        case _:
            raise ValueError(_complaint(token, token))


def _complaint(token: str, text: str) -> str | None:
    match token:
        case "{{" | "}}" | "{instance}":
            return None
        case "{" | "}":
            return f"{shown(text)} has a lone {token}; write {token}{token} for a brace"
        case _:
            return f"{shown(text)}: nothing fills {shown(token)}, only {{instance}} is known; {{{{ writes a brace"
