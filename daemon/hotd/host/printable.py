"""Foreign text, made fit for one line of a terminal, a journal or a protocol."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text on one line and without a control character: white space is a blank, all else unprintable a ``�``.

    A module's name, a path or an exception's message is foreign: an escape sequence in it would repaint the
    operator's terminal, a line feed would forge a line of the journal or a field of a notification. Marked and not
    dropped, so that ``ad\\0min`` does not read as ``admin``. What passes is encodable: no lone surrogate is printable.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)
