"""``hotctl generations MODULE``."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.notes import INDENT
from hotctl.view.origins import whence
from hotctl.view.page import Column, Page, Row, Span, Table, command, dim, line, phrase, row
from hotctl.view.words import ago, gen, listed, located, short, took
from hotd.contract.views import Generations, GenerationView

COLUMNS = (
    Column("GEN", right=True),
    Column("STATE"),
    Column("LIVE", right=True),
    Column("LOADED"),
    Column("TOOK", right=True),
    Column("DIGEST"),
    Column("VERDICT", spare=True),
    Column("BY"),
    Column("CAUSE", flexible=True),
    Column("COMMIT", spare=True),
)
STYLES = {"current": "good", "draining": "old", "rejected": "bad", "candidate": "warn", "retired": "dim"}


def generations(view: Generations, now: datetime, *, parts: bool = False) -> Page:
    """``parts``: with what was executed for each."""
    return [Table(COLUMNS, tuple(_row(one, view.module, now, parts=parts) for one in view.generations))]


def _row(one: GenerationView, module: str, now: datetime, *, parts: bool) -> Row:
    notes = [line(dim("executed "), listed(one.reloaded), indent=INDENT)] if parts and one.reloaded else []
    if one.error is not None:
        what = located(one.error.message, one.error.file, one.error.line)
        notes.append(line(Span(what, "bad"), indent=INDENT))
    if one.leaked:
        what, typed = f"still in memory: {', '.join(one.leaked)}  ", command(f"hotctl why {module} {one.generation}")
        notes.append(line(Span(what, "warn"), typed, indent=INDENT))
    return row(
        gen(one.generation),
        (phrase(Span(one.state, STYLES.get(one.state, ""))),),
        str(one.instances),
        ago(one.created_at, now),
        took(one.duration_ms),
        short(one.digest),
        one.verdict,
        one.actor,
        one.cause,
        whence(one.origins),
        notes=notes,
    )
