"""``hotctl status``: the daemon and its modules at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hotctl.view.notes import INDENT, health, notes
from hotctl.view.page import Cell, Column, Line, Page, Row, Span, Table, command, dim, line, phrase, row, strong
from hotctl.view.words import ago, counted, every, gen, lasted, left, spaced
from hotd.contract.views import DaemonView, ModuleView, Status

TIMES = "\u00d7"
NEAR = 0.8
"""Of the limit of folders: from there on it is told."""
COLUMNS = (
    Column("MODULE", flexible=True),
    Column("HEALTH"),
    Column("GEN"),
    Column("INSTANCES"),
    Column("LOADED"),
    Column("RELOADS", right=True),
    Column("ERR", right=True),
    Column("ENTRY", spare=True),
)


def status(view: Status, now: datetime) -> Page:
    page: Page = [_daemon(view.daemon, now), *_watching(view.daemon.watching)]
    for condition in view.daemon.conditions:
        page.append(line(Span(f"{spaced(condition.type)}: ", "warn"), condition.message, indent=INDENT))
    if not view.modules:
        page.append(line("no modules are hosted: add a ", strong("[modules.NAME]"), " to hotd.toml"))
        return page
    paused = view.daemon.watch == "paused"
    table = Table(COLUMNS, tuple(_row(module, now, paused) for module in view.modules))
    return [*page, line(""), table, line(""), _summary(view, now)]


def _daemon(daemon: DaemonView, now: datetime) -> Line:
    return line(
        strong(f"hotd {daemon.version}"),
        f"  pid {daemon.pid}  up {lasted(daemon.uptime_s)}  ",
        *_watch(daemon, now),
        dim(f"  {daemon.socket}"),
    )


def _watch(daemon: DaemonView, now: datetime) -> tuple[Span, ...]:
    if daemon.watch == "paused":
        words = "auto-watch paused" + (f", {left(daemon.paused_until, now)}" if daemon.paused_until else "")
        return Span(words, "warn"), dim("  "), command("hotctl resume")
    backend, folders = daemon.watching.get("backend"), daemon.watching.get("folders")
    if backend == "off":
        return (Span("watch off", "warn"),)
    number = len(folders) if isinstance(folders, (list, tuple)) else folders
    words = "watch" + (f" {backend}" if backend else "")
    return (Span(words + (f", {counted(number, 'folder')}" if isinstance(number, int) else "")),)


def _watching(facts: Mapping[str, Any]) -> Page:
    """``1930 of at most 2000 folders watched, 1 overflow``: what is out of the ordinary; nothing where nothing is."""
    folders, limit = facts.get("folders"), facts.get("limit")
    words = []
    if isinstance(folders, int) and isinstance(limit, int) and folders > NEAR * limit:
        words.append(f"{folders} of at most {limit} folders watched")
    for name, one, many in (
        ("unwatched", "folder not watched", "folders not watched"),
        ("pending", "file not settled yet", "files not settled yet"),
        ("overflows", "overflow", "overflows"),
    ):
        number = facts.get(name)
        if isinstance(number, int) and number:
            words.append(f"{number} {one if number == 1 else many}")
    round_ = facts.get("round")
    if isinstance(round_, (int, float)):
        polled = facts.get("polled")
        where = [f"{folder} ({kind})" for folder, kind in polled.items()] if isinstance(polled, Mapping) else []
        words.append(f"polled every {every(round_)}" + (f": {', '.join(where)}" if where else ""))
    return [line(dim(", ".join(words)), indent=INDENT)] if words else []


def _row(module: ModuleView, now: datetime, paused: bool) -> Row:
    return row(
        (phrase(strong(module.name)),),
        (phrase(*health(module.health)),),
        gen(module.generation),
        running(module),
        ago(module.loaded_at, now),
        str(module.reloads),
        (phrase(Span(str(module.errors), "bad" if module.errors else "")),),
        module.entry,
        notes=notes(module, now, daemon_paused=paused),
    )


def running(module: ModuleView) -> Cell:
    """``g7 x1  g6 x1 draining``: current first, then whatever else still runs, newest first."""
    counts = {count.generation: count for count in module.generations}
    pieces = []
    if module.generation is not None:
        wanted, alive = module.replicas, module.serving.current + module.serving.old
        short_of = f" of {wanted}" if alive < wanted and not module.stopped else ""
        pieces.append(phrase(f"{gen(module.generation)} {TIMES}{module.serving.current}{short_of}"))
    older = [counts[n] for n in sorted(counts, reverse=True) if n != module.generation and counts[n].instances]
    pieces += [phrase(Span(f"{gen(one.generation)} {TIMES}{one.instances} {one.state}", "old")) for one in older]
    return tuple(pieces)


def _summary(view: Status, now: datetime) -> Line:
    modules = view.modules
    current, old = sum(m.serving.current for m in modules), sum(m.serving.old for m in modules)
    instances = counted(current + old, "instance") + (f", {old} on older generations" if old else "")
    parts: list[Span] = [Span(f"{counted(len(modules), 'module')} · {instances}")]
    facts = (
        (sum(m.health == "Degraded" for m in modules), "degraded", "bad"),
        (sum(m.health == "Progressing" for m in modules), "progressing", "warn"),
        (sum(m.rejected is not None for m in modules), "rejected", "bad"),
        (sum(m.out_of_sync for m in modules), "out of sync", "warn"),
        (sum(m.stopped for m in modules), "stopped", "warn"),
        (sum(m.watch == "paused" for m in modules), "paused", "warn"),
    )
    for number, words, style in facts:
        if number:
            parts += [Span(" · "), Span(f"{number} {words}", style)]
    if isinstance(last := view.daemon.watching.get("last_event"), str):
        parts.append(dim(f" · last change seen {ago(last, now)}"))
    return line(*parts)
