"""``hotctl why``: what is in the way, each with who or what it is and the next command to type."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.failures import hint
from hotctl.view.page import Page, Span, Verbatim, command, dim, line, strong
from hotctl.view.words import ago, counted, gen, spaced
from hotd.contract.views import Blocking, Reason, Waited, Why

INDENT = 2


def why(view: Why, now: datetime) -> Page:
    of = f" {gen(view.generation)}" if view.generation is not None else ""
    page: Page = [line(strong(f"{view.module}{of}"), f" is {view.state}: {view.message}")]
    for reason in view.reasons:
        page += _reason(reason, now)
    if not view.reasons:
        page.append(line("nothing is in its way", indent=INDENT))
    return page


def blocking(view: Blocking, now: datetime) -> Page:
    """``hotctl blocking``: who holds up a drain, each with where he stands."""
    given_up = sum(reason.type == "Abandoned" for reason in view.reasons)
    holders = len(view.reasons) - given_up
    head = f"{counted(holders, 'instance')} {'hold' if holders > 1 else 'holds'} up a drain"
    if not holders:
        head = "nothing holds up a drain"
    if given_up:
        head += f"; {counted(given_up, 'instance')} {'were' if given_up > 1 else 'was'} abandoned and not ended since"
    page: Page = [line(head)]
    for reason in view.reasons:
        page += _reason(reason, now)
    return page


def late(view: Waited) -> Page:
    """The time is over, and what was waited for is not so."""
    return [line(Span("hotctl: ", "bad"), f"the time is over; {view.message}", dim("  "), command(view.next))]


def _reason(reason: Reason, now: datetime) -> Page:
    since = dim(f"  since {ago(reason.since, now)}") if reason.since else dim("")
    page: Page = [line(Span(f"{spaced(reason.type)}: ", "warn"), reason.message, since, indent=INDENT)]
    if reason.error is not None and reason.error.traceback:
        page.append(Verbatim(reason.error.traceback, indent=INDENT * 3))
    if reason.stack:
        page.append(Verbatim(reason.stack, indent=INDENT * 3))
    for holder in reason.holders:
        page.append(line(dim("held by "), holder.what, indent=INDENT * 2))
        if holder.stack:
            page.append(Verbatim(holder.stack, indent=INDENT * 3))
    if reason.hint:
        page.append(hint(reason.hint, indent=INDENT * 2))
    page.append(line(command(reason.next), indent=INDENT * 2))
    return page
