"""``hotctl events``: one line an event, as it comes."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.page import Line, Span, dim, line
from hotctl.view.plain import width_of
from hotctl.view.words import gen, time_of_day
from hotd.contract.views import Event

STYLES = {
    "promoted": "good",
    "started": "good",
    "resumed": "good",
    "rejected": "bad",
    "failed": "bad",
    "refused": "bad",
    "rolled-back": "bad",
    "degraded": "bad",
    "stalled": "bad",
    "leaked": "bad",
    "abandoned": "bad",
    "draining": "warn",
    "undone": "warn",
    "paused": "warn",
}
LONGEST_NAME = 20
"""Of the events there are; a longer one pushes its line to the right."""


def event(one: Event, now: datetime) -> Line:
    told = one.message or " ".join(f"{key}={value}" for key, value in one.fields.items())
    subject = one.instance or one.module
    if subject is not None and subject not in told:
        told = f"{subject}{f' {gen(one.generation)}' if one.generation is not None else ''}  {told}"
    by = one.actor if one.actor and one.actor != one.cause else ""
    why = ", ".join(filter(None, (one.cause, f"by {by}" if by else "")))
    return line(
        dim(f"{one.seq:>6}  {time_of_day(one.at, now)}  "),
        Span(_padded(one.event, LONGEST_NAME) + "  ", STYLES.get(one.event.rpartition(".")[2], "")),
        told,
        dim(f"  ({why})" if why else ""),
        head=2,
    )


def lost(number: int, what: str) -> Line:
    """Told on standard error, in its place in the stream."""
    verb = "was" if number == 1 else "were"
    thing = what if number == 1 else f"{what}s"
    return line(Span(f"hotctl: {number} {thing} {verb} dropped by the daemon before they could be read", "warn"))


def notice(text: str) -> Line:
    """Told on standard error, in its place in the stream."""
    return line(Span(f"hotctl: {text}", "warn"))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))
