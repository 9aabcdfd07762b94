"""Durations and sizes as people write them, in hotd.toml and on the command line."""

from __future__ import annotations

import re
from fractions import Fraction

from hotd.contract.quoting import shown

LONGEST_DURATION = 100 * 365 * 86400.0
"""Seconds, a hundred years. Much beyond it, ``threading`` raises OverflowError instead of waiting."""

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_TERM = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)\s*")
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""From long to short: the order in which a duration names its units."""

LARGEST_SIZE = 2**63 - 1
_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?)\s*(|[kmgt]i?)b?", re.IGNORECASE)
_BYTES = {"": 1} | {
    letter + suffix: base**power for power, letter in enumerate("kmgt", 1) for suffix, base in (("", 1000), ("i", 1024))
}


def parse_duration(value: object) -> float:
    """Seconds. Takes ``"50ms"``, ``"1.5s"``, ``"1h30m"`` (each unit once, longest first), or a number of seconds.

    Raises ValueError with a sentence for anything else, and for what is negative or not finite.
    """
    if isinstance(value, str):
        return _bounded(_parse_terms(value), value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:  # NaN is not
        raise _no_duration(value)
    return _bounded(value, value)


def format_duration(seconds: float) -> str:
    """``3h12m``: the two longest units, cut off rather than rounded up, in a form that ``parse_duration`` reads.

    Below a minute seconds, below ten with one decimal; below a second milliseconds. Raises ValueError for what
    ``parse_duration`` would not take.
    """
    left = round(parse_duration(seconds) * 1000)
    if left == 0:
        return "0s"
    if left < 1000:
        return f"{left}ms"
    if left < 10_000:
        return f"{left // 100 / 10:g}s"
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _MILLISECONDS[unit])
        parts.append((count, unit))
    while not parts[0][0]:
        del parts[0]
    return "".join(f"{count}{unit}" for count, unit in parts[:2] if count)


def parse_size(value: object) -> int:
    """Bytes. Takes ``"16MB"`` (and k, M, G, T: thousands), ``"16MiB"`` (Ki, Mi, ...: 1024), or a whole number.

    Upper or lower case is one. A fraction of a byte is dropped. Raises ValueError with a sentence for anything else.
    """
    if isinstance(value, str):
        found = _SIZE.fullmatch(value.strip())
        if found is None:
            raise _no_size(value)
        size = int(Fraction(found[1]) * _BYTES[found[2].lower()])
    elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _no_size(value)
    else:
        size = value
    if size > LARGEST_SIZE:
        raise ValueError(f"{shown(value)} is more bytes than any disk has")
    return size


def _parse_terms(text: str) -> float:
    """The seconds of ``1h30m`` or of a bare number."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    units, seconds, position = list(_MILLISECONDS), 0.0, 0
    while found := _TERM.match(text, position):
        if found[2] not in units:
            raise _no_duration(text)
        units = units[units.index(found[2]) + 1 :]
        # `1.1s` is 1.1, not 1100 * 0.001: milliseconds are divided, all else multiplied by whole seconds.
        length = _MILLISECONDS[found[2]]
        seconds += float(found[1]) / 1000 if length == 1 else float(found[1]) * (length // 1000)
        position = found.end()
    if position == 0 or position < len(text):
        raise _no_duration(text)
    return seconds


def _bounded(seconds: float, written: object) -> float:
    if seconds > LONGEST_DURATION:
        raise ValueError(f"{shown(written)} is longer than a hundred years")
    return float(seconds)


def _no_duration(value: object) -> ValueError:
    return ValueError(f'{shown(value)} is not a duration; write a number and ms, s, m, h or d, like "30s" or "1h30m"')


def _no_size(value: object) -> ValueError:
    return ValueError(f'{shown(value)} is not a size; write a whole number and k, MB, MiB or GB, like "16MB"')
