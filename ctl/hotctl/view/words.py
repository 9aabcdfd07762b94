"""Times, durations and counts in the words of a screen."""

from __future__ import annotations

import re
from datetime import datetime

from hotd.contract.units import LONGEST_DURATION, format_duration


def moment(at: str) -> datetime | None:
    """The time that an RFC 3339 text names; None where it names none."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def lasted(seconds: float) -> str:
    """``3h12m``: whole seconds, for everything a person waits for."""
    return format_duration(float(int(min(max(0.0, seconds), LONGEST_DURATION))))


def every(seconds: float) -> str:
    """``300ms``, ``12s``: how often something is done, which may be more than once a second."""
    return format_duration(max(0.0, seconds)) if seconds < 1 else lasted(seconds)


def ago(at: str | None, now: datetime) -> str:
    """``12s ago``; a clock that runs a little behind the daemon's says ``just now``."""
    if at is None:
        return "-"
    then = moment(at)
    if then is None:
        return at
    seconds = (now - then).total_seconds()
    return f"{lasted(seconds)} ago" if seconds >= 1 else "just now"


def left(at: str, now: datetime) -> str:
    """``8m12s left``: of what ends by itself."""
    then = moment(at)
    if then is None:
        return f"until {at}"
    seconds = (then - now).total_seconds()
    return f"{lasted(seconds)} left" if seconds >= 1 else "about to end"


def time_of_day(at: str, now: datetime) -> str:
    """``14:02:11.204`` in the reader's own zone, with the date before it where that is not today."""
    then = moment(at)
    if then is None:
        return at
    local = then.astimezone(now.tzinfo)
    clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return clock if local.date() == now.date() else f"{local:%Y-%m-%d} {clock}"


def took(milliseconds: float | None) -> str:
    """``41 ms``, ``1.2 s``, ``3m4s``."""
    if milliseconds is None:
        return "-"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms" if milliseconds >= 0.5 else "<1 ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else lasted(milliseconds / 1000)


def counted(number: int, thing: str) -> str:
    """``1 module``, ``3 modules``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names)


def short(digest: str | None) -> str:
    """The first twelve digits, as git shows a commit; JSON has them all."""
    return digest[:12] if digest else "-"


def spaced(kind: str) -> str:
    """``OutOfSync`` -> ``out of sync``."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()


def gen(number: int | None) -> str:
    return "-" if number is None else f"g{number}"


def where(file: str | None, line: int | None) -> str:
    """``ops/long_op.py:18``; empty where no file is known."""
    if file is None:
        return ""
    return file if line is None else f"{file}:{line}"


def located(message: str, file: str | None, line: int | None) -> str:
    """``ops/long_op.py:18: message``, once, also where the message begins with the place itself."""
    place = where(file, line)
    message = message.removeprefix(f"{(file or '').rpartition('/')[2]} line {line}: ")  # the daemon's shorter way
    return f"{place}: {message}" if place and not message.startswith(place) else message
