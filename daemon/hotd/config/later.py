"""What hotd.toml may say already and this version does not do yet. Told at every start, never silently passed over.

To make something effective, delete its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hotd.config.lines import Key
from hotd.config.report import Report
from hotd.config.values import Later


class _Row(NamedTuple):
    key: str
    """As a path of keys; ``*`` stands for any name."""
    waits: Callable[[Any], bool]
    """Whether this value, of whatever type it is, asks for what is not there."""
    sentence: str
    refuses: bool = False
    """An error, not a remark: the daemon would do something else than was asked for."""


def _always(value: Any) -> bool:
    return True


def _another_executor(value: Any) -> bool:
    return isinstance(value, str) and value != "threads"


ROWS = (
    _Row(
        "daemon.executor",
        _another_executor,
        'other executors come later, and this version would run instances in threads; write "threads"',
        refuses=True,
    ),
    _Row("modules.*.canary", _always, "there are no canaries yet: a candidate is promoted as soon as it is loaded"),
)


def told_later(document: dict[str, Any], report: Report) -> tuple[Later, ...]:
    """What the user wrote and will not get yet, in the order of the table; what must be refused is reported."""
    found = []
    for row in ROWS:
        for key, value in _matches(document, tuple(row.key.split("."))):
            if not row.waits(value):
                continue
            if row.refuses:
                report.error(key, row.sentence)
            else:
                found.append(Later(report.name(key), report.line(key), row.sentence, report.label))
    return tuple(found)


def _matches(value: Any, pattern: tuple[str, ...], key: Key = ()) -> Iterator[tuple[Key, Any]]:
    if not pattern:
        yield key, value
    elif isinstance(value, dict):
        for name in value if pattern[0] == "*" else {pattern[0]} & value.keys():
            yield from _matches(value[name], pattern[1:], (*key, name))
