"""``hotctl logs``: what instances printed, each line with who and which generation."""

from __future__ import annotations

from hotctl.view.page import Line, Span, dim, generation_style, line
from hotctl.view.plain import width_of
from hotd.contract.views import LogLine


def log_line(one: LogLine, *, width: int = 0) -> Line:
    """``long_op-7 g2 | text``; ``width`` aligns the bars of lines that are shown together."""
    who = prefix(one)
    text = Span(one.text.rstrip("\r\n").expandtabs(4), "warn" if one.stream == "stderr" else "")
    padding = " " * (width - width_of(who))
    return line(Span(who + padding, generation_style(one.generation)), dim(" | "), text, head=2)


def prefix(one: LogLine) -> str:
    return f"{one.instance} g{one.generation}"
