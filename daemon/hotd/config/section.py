"""One table of the configuration, read key by key: every value typed, or an error and the default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from hotd.config import keys
from hotd.config.lines import Key
from hotd.config.report import Report
from hotd.contract.nearest import nearest
from hotd.contract.quoting import shown
from hotd.contract.units import parse_duration, parse_size

T = TypeVar("T")


class Section:
    """A wrong value is reported and its default returned, so that one reading finds every mistake."""

    def __init__(self, report: Report, key: Key, table: object, known: Iterable[str]) -> None:
        """Reports a ``table`` that is none, and keys that are not ``known``."""
        self.report = report
        self.key = key
        self._known = tuple(known)
        self._table: dict[str, Any] = table if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            report.error(key, f"must be a table, not {shown(table)}")
        for name in self._table:
            if name not in self._known:
                report.error((*key, name), self._unknown(name))

    def __contains__(self, name: str) -> bool:
        """Whether the user wrote it."""
        return name in self._table

    def error(self, name: str, sentence: str) -> None:
        self.report.error((*self.key, name), sentence)

    def get(self, name: str, default: Any = None) -> Any:
        """The value as it stands."""
        return self._table.get(name, default)

    def section(self, name: str, known: Iterable[str]) -> Section:
        return Section(self.report, (*self.key, name), self._table.get(name, {}), known)

    def text(self, name: str, default: str) -> str:
        value = self._table.get(name, default)
        return value if isinstance(value, str) else self._wrong(name, "text in quotes", default)

    def flag(self, name: str, default: bool) -> bool:
        value = self._table.get(name, default)
        return value if isinstance(value, bool) else self._wrong(name, "true or false", default)

    def choice(self, name: str, *options: str) -> str:
        """One of the options; the first is the default."""
        value = self._table.get(name, options[0])
        if value in options:
            return str(value)
        *most, last = [f'"{option}"' for option in options]
        guess = nearest(value, options) if isinstance(value, str) else None
        return self._wrong(name, f"{', '.join(most)} or {last}", options[0], guess)

    def count(self, name: str, default: int, *, least: int = 0, because: str = "") -> int:
        value = self._table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            return self._wrong(name, f"a whole number, like {default}", default)
        if value.bit_length() > 31:
            return self._wrong(name, "a number that fits in 31 bits", default)
        if value < least:
            return self._wrong(name, f"at least {least}{because}", default)
        return value

    def duration(self, name: str, default: str, *, zero: bool = True) -> float:
        """Seconds; ``zero=False`` refuses none at all."""
        seconds = self._parsed(name, default, parse_duration)
        if not (seconds or zero):
            return self._wrong(name, "longer than 0", parse_duration(default))
        return seconds

    def size(self, name: str, default: str, *, least: int = 0) -> int:
        """Bytes."""
        size = self._parsed(name, default, parse_size)
        return size if size >= least else self._wrong(name, f"at least {least} bytes", parse_size(default))

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        return tuple(text for _, text in self.places(name, default))

    def places(self, name: str, default: tuple[str, ...] = ()) -> list[tuple[int, str]]:
        """The same, each with its place in the list."""
        value = self._table.get(name, default)
        if not isinstance(value, list | tuple):
            value = self._wrong(name, "a list of texts in quotes", default)
        found = []
        for place, item in enumerate(value):
            if isinstance(item, str) and item.strip():
                found.append((place, item))
            else:
                self.report.error((*self.key, name, place), f"each must be text in quotes, not {shown(item)}")
        return found

    def _parsed(self, name: str, default: str, parse: Callable[[object], T]) -> T:
        try:
            return parse(self._table.get(name, default))
        except ValueError as error:
            self.error(name, str(error))
            return parse(default)

    def _wrong(self, name: str, wanted: str, default: T, guess: str | None = None) -> T:
        meant = f'; did you mean "{guess}"?' if guess else ""
        self.error(name, f"must be {wanted}, not {shown(self._table[name])}{meant}")
        return default

    def _unknown(self, name: str) -> str:
        if home := keys.home_of(name):  # the name is right: nearness to another one would mislead
            return f"no such key here; it belongs {home}"
        if guess := nearest(name, self._known):
            return f'no such key; did you mean "{guess}"?'
        return f"no such key; known here: {', '.join(self._known)}"
