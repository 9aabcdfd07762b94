"""``hotctl history``: what was rolled out, why, by whom, and what came of it."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.notes import INDENT
from hotctl.view.origins import whence
from hotctl.view.page import Column, Page, Row, Span, Table, dim, line, phrase, row
from hotctl.view.words import ago, gen, listed, took
from hotd.contract.views import History, RevisionView

COLUMNS = (
    Column("REV", right=True),
    Column("WHEN"),
    Column("OUTCOME"),
    Column("MODULES", flexible=True),
    Column("TOOK", right=True),
    Column("BY"),
    Column("CAUSE", flexible=True),
    Column("COMMIT"),
)
STYLES = {
    "promoted": "good",
    "undone": "warn",
    "rejected": "bad",
    "refused": "bad",
    "rolled-back": "bad",
    "partial": "bad",
    "in-flight": "warn",
    "unchanged": "dim",
}


def history(view: History, now: datetime, *, parts: bool = False) -> Page:
    """``parts``: with what was executed, a line for each module."""
    return [Table(COLUMNS, tuple(_row(one, now, parts=parts) for one in view.revisions))]


def _row(one: RevisionView, now: datetime, *, parts: bool) -> Row:
    executed = [(m.module, listed(m.reloaded)) for m in one.modules if m.reloaded] if parts else []
    return row(
        str(one.revision),
        ago(one.at, now),
        (phrase(Span(one.outcome, STYLES.get(one.outcome, ""))),),
        tuple(phrase(f"{m.module} {_step(m.previous, m.to)}") for m in one.modules),
        took(one.duration_ms),
        one.actor,
        one.cause,
        whence(one.origins, one.commit),
        notes=(line(dim(f"{module} executed "), names, indent=INDENT) for module, names in executed),
    )


def _step(previous: int | None, to: int | None) -> str:
    if previous is None or previous == to:
        return gen(to)
    return f"{gen(previous)}→{gen(to)}"
