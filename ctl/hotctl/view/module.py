"""``hotctl status MODULE``: one module in full."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.notes import health, held, rejected, way_out
from hotctl.view.page import Facts, Line, Page, Phrase, Span, command, dim, line, phrase, strong
from hotctl.view.status import running
from hotctl.view.words import ago, counted, gen, left, spaced
from hotd.contract.views import ModuleView, Status


def module(view: Status, now: datetime) -> Page:
    page: Page = []
    paused = view.daemon.watch == "paused"
    for one in view.modules:
        page += [_sentence(one), _facts(one, now, daemon_paused=paused)]
        page += rejected(one, now)
        page += held(one, now, daemon_paused=paused, told_apart=any(c.type == "OutOfSync" for c in one.conditions))
        page += _conditions(one, now, daemon_paused=paused)
    return page


def _sentence(one: ModuleView) -> Line:
    if one.generation is None:
        tail = "nothing has been loaded"
    else:
        current, old = one.serving.current, one.serving.old
        tail = f"{gen(one.generation)} is current, {current} of {counted(one.replicas, 'instance')} run it"
        tail += f", {old} still {'runs' if old == 1 else 'run'} older code" if old else ""
    return line(strong(one.name), " is ", *health(one.health), f": {tail}")


def _facts(one: ModuleView, now: datetime, *, daemon_paused: bool) -> Facts:
    in_memory = [f"{gen(count.generation)} {count.state}" for count in one.generations]
    rows: list[tuple[str, Phrase]] = [
        ("entry", phrase(one.entry)),
        ("current", phrase(_current(one, now))),
        ("digest", phrase(one.digest or "-")),
        ("permanent", phrase(gen(one.permanent))),
        ("instances", _joined(one)),
        ("replicas", phrase(f"{one.replicas}, surge {one.surge}" + (", stopped" if one.stopped else ""))),
        ("in memory", phrase(", ".join(in_memory) or "-")),
        ("watch", phrase("paused for the whole daemon" if daemon_paused else _watch(one, now))),
        ("reloads", phrase(str(one.reloads))),
        ("errors", phrase(Span(str(one.errors), "bad" if one.errors else ""))),
    ]
    return Facts(tuple(rows))


def _watch(one: ModuleView, now: datetime) -> str:
    return f"{one.watch}, {left(one.paused_until, now)}" if one.paused_until else one.watch


def _current(one: ModuleView, now: datetime) -> str:
    if one.generation is None:
        return "none"
    return f"{gen(one.generation)}, loaded {ago(one.loaded_at, now)}" if one.loaded_at else gen(one.generation)


def _joined(one: ModuleView) -> Phrase:
    spans: list[Span] = []
    for piece in running(one):
        spans += [Span(", "), *piece] if spans else piece
    return tuple(spans) or phrase("none")


def _conditions(one: ModuleView, now: datetime, *, daemon_paused: bool) -> Page:
    page: Page = []
    for condition in one.conditions:
        head = f"{condition.type} ({spaced(condition.reason)})" if condition.reason else condition.type
        page.append(line(Span(head, "warn"), dim(f"  since {ago(condition.since, now)}"), indent=4))
        page.append(line(condition.message, indent=6))
        typed = way_out(condition.type, one, daemon_paused=daemon_paused)
        if typed is not None and "hotctl " not in condition.message:
            page.append(line(command(typed), indent=6))
    return [line(dim("conditions"), indent=2), *page] if page else []
