"""``hotctl doctor``: what was found, the gravest first, each with its cure."""

from __future__ import annotations

from hotctl.view.page import Page, Span, dim, line, strong
from hotctl.view.words import counted
from hotd.contract.views import Doctor, Finding

_STATES = {"wrong": ("✗ ", "bad"), "note": ("◐ ", "warn"), "ok": ("● ", "good")}


def doctor(view: Doctor) -> Page:
    page: Page = []
    for one in view:
        page += _finding(one)
    wrong, notes = (sum(one.state == state for one in view) for state in ("wrong", "note"))
    said = f"{counted(wrong, 'thing')} wrong" if wrong else "nothing is wrong"
    said += f", {counted(notes, 'thing')} to know" if notes else ""
    return [*page, line(""), line(said)]


def _finding(one: Finding) -> Page:
    glyph, style = _STATES.get(one.state, ("", ""))
    label = "" if one.state == "ok" else f"{one.state}: "
    page: Page = [line(Span(glyph, style, ornament=True), Span(label, style), strong(f"{one.subject}: "), one.message)]
    if one.cure:
        page.append(line(dim("cure: "), one.cure, indent=4))
    return page
