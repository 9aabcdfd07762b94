"""What generations run over besides their own sources, and what became of it since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_NAMED = 5
"""Distributions that a sentence names."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Versions of Python and of the distributions that it finds."""

    python: str
    packages: Mapping[str, str] = field(default_factory=dict)
    """Distribution -> version."""


def since(before: Environment | None, now: Environment | None, number: int) -> str:
    """``pydantic 2.7 -> 2.9 since g3``; empty where nothing changed, or nothing is known."""
    if before is None or now is None:
        return ""
    changed = list(_changed(before, now))
    named = ", ".join(changed[:MOST_NAMED])
    more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
    return f"{named}{more} since g{number}" if changed else ""


def _changed(before: Environment, now: Environment) -> Iterator[str]:
    if before.python != now.python:
        yield f"Python {before.python} -> {now.python}"
    for name in sorted({*before.packages, *now.packages}, key=str.lower):
        old, new = before.packages.get(name), now.packages.get(name)
        if old != new:
            yield f"{name} {old or 'not there'} -> {new or 'gone'}"
