"""An error as a user reads it on standard error."""

from __future__ import annotations

from hotctl.view.failures import hint
from hotctl.view.page import Page, Span, Verbatim, line, sentences
from hotctl.view.words import located
from hotd.contract.errors import HotdError


def problem(error: HotdError) -> Page:
    first, *rest = located(error.message, error.file, error.line).split("\n")
    page: Page = [line(Span("hotctl: ", "bad"), first)]
    for text in rest:
        page += sentences(text, indent=2)
    if error.traceback:
        page.append(Verbatim(error.traceback, indent=4))
    if error.hint:
        page.append(hint(error.hint))
    return page
