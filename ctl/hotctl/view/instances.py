"""``hotctl instances``: who runs what, and how far it is."""

from __future__ import annotations

from hotctl.view.page import Cell, Column, Page, Row, Span, Table, phrase, row, strong
from hotctl.view.words import gen, lasted
from hotd.contract.views import Instances, InstanceView, ProgressView

COLUMNS = (
    Column("INSTANCE", flexible=True),
    Column("MODULE", flexible=True),
    Column("GEN"),
    Column("STATE"),
    Column("AGE", right=True),
    Column("PROGRESS", flexible=True),
)
BAR = 10


def instances(view: Instances) -> Page:
    return [Table(COLUMNS, tuple(_row(one) for one in view.instances))]


def waiting_for(old: tuple[InstanceView, ...]) -> str:
    """``long_op-3 (g6, 3h12m)``, for whoever waits until these have ended."""
    return ", ".join(f"{one.id} ({gen(one.generation)}, {lasted(one.age_s)})" for one in old)


def _row(one: InstanceView) -> Row:
    return row(
        (phrase(strong(one.id)),),
        one.module,
        (phrase(gen(one.generation)),) if one.current else (phrase(Span(f"{gen(one.generation)} old", "old")),),
        (phrase(Span(one.state, "" if one.state == "running" else "warn")),),
        lasted(one.age_s),
        _progress(one.progress),
    )


def _progress(progress: ProgressView | None) -> Cell:
    if progress is None:
        return (phrase("-"),)
    spans = [Span(_number(progress.done))]
    if progress.total is not None and progress.total > 0:
        share = min(1.0, max(0.0, progress.done / progress.total))
        full = round(share * BAR)
        spans = [
            Span("█" * full, "good", ornament=True),
            Span("░" * (BAR - full) + " ", "dim", ornament=True),
            Span(f"{share:.0%} ({_number(progress.done)}/{_number(progress.total)})"),
        ]
    return (tuple(spans) + ((Span(f" {progress.note}"),) if progress.note else ()),)


def _number(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
