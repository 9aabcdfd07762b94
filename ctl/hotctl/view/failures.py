"""``hotctl errors MODULE``: failures with the source lines of the generation that failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hotctl.view.page import Line, Page, Span, Verbatim, dim, line, sentences, strong
from hotctl.view.words import ago, gen, located, took
from hotd.contract.views import ErrorView, Failures, FailureView


def failures(view: Failures, now: datetime) -> Page:
    page: Page = []
    for one in view.errors:
        if page:
            page.append(line(""))
        page += _failure(one, now)
    return page


def details(error: ErrorView, *, indent: int) -> Page:
    """The traceback as Python printed it, what the load left behind, and the cure."""
    page: Page = []
    if error.traceback:
        page.append(Verbatim(error.traceback, indent + 2))
    page += left_behind(error.left, indent=indent)
    if error.hint:
        page.append(hint(error.hint, indent=indent))
    return page


def left_behind(left: Sequence[str], *, indent: int) -> Page:
    """What a load that came to nothing left in the daemon: a line each."""
    return [line(Span("left behind: ", "warn"), one, indent=indent) for one in left]


def hint(text: str, *, indent: int = 0) -> Line:
    return line(Span("hint: ", "command"), text, indent=indent)


def _failure(one: FailureView, now: datetime) -> Page:
    who = one.instance or (one.module if one.error.code == "hook-failed" else f"load of {one.module}")
    number = f" {gen(one.generation)}" if one.generation is not None else ""
    what = sentences(located(one.error.message, one.error.file, one.error.line), style="bad", indent=2)
    by = f"by {one.actor}" if one.actor and one.actor != (one.cause or "").partition(":")[0] else ""
    late = f"after {took(one.duration_ms)}" if one.duration_ms is not None else ""
    why = ", ".join(filter(None, (one.cause, by, late)))
    head = line(strong(f"{who}{number}"), dim(f"  {ago(one.at, now)}{f'  ({why})' if why else ''}"))
    return [head, *what, *details(one.error, indent=2)]
