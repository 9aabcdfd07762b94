"""``hotctl history``: what was rolled out, why, by whom, and what came of it."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.page import Column, Page, Row, Span, Table, phrase, row
from hotctl.view.words import ago, gen, took
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


def history(view: History, now: datetime) -> Page:
    return [Table(COLUMNS, tuple(_row(one, now) for one in view.revisions))]


def _row(one: RevisionView, now: datetime) -> Row:
    return row(
        str(one.revision),
        ago(one.at, now),
        (phrase(Span(one.outcome, STYLES.get(one.outcome, ""))),),
        tuple(phrase(f"{m.module} {_step(m.previous, m.to)}") for m in one.modules),
        took(one.duration_ms),
        one.actor,
        one.cause,
        one.commit[:12] if one.commit else "-",
    )


def _step(previous: int | None, to: int | None) -> str:
    if previous is None or previous == to:
        return gen(to)
    return f"{gen(previous)}→{gen(to)}"
