"""What a changing verb did: a sentence for each module, details below it.

What worked is data and goes to standard output; what did not goes to standard error, as errors do everywhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hotctl.view.failures import details, left_behind
from hotctl.view.page import Block, Column, Line, Page, Row, Span, Table, command, dim, line, phrase, row, strong
from hotctl.view.words import counted, gen, listed, located, took
from hotd.contract.views import SUCCEEDED, Change, ErrorView, ModuleChange, PlannedPart

FEW = 3
"""Keys of a table up to which all of it is shown."""


@dataclass(frozen=True, slots=True)
class Told:
    done: Page = field(default_factory=list)
    failed: Page = field(default_factory=list)


def change(view: Change) -> Told:
    told = Told()
    (told.done if view.outcome in SUCCEEDED else told.failed).extend(_settings(view))
    alike = _alike(view)
    if alike is not None:
        told.done.append(alike)
        return told
    quiet = [one.module for one in view.modules if one.outcome == "unchanged"]
    fold = len(quiet) > 1
    for one in view.modules:
        if one.outcome == "unchanged" and fold:
            continue
        if one.outcome == "refused" and one.plan:
            told.done.extend(_planned(one))
        (told.done if one.outcome in SUCCEEDED else told.failed).extend(_module(one, view.revision))
    if fold:
        told.done.append(line(f"{counted(len(quiet), 'module')} unchanged: {listed(quiet)}"))
    if not view.modules and not view.settings:
        told.done.append(line(view.note or view.outcome))
    if view.outcome == "partial":
        done = sum(one.outcome in SUCCEEDED for one in view.modules)
        told.failed.append(line(Span("partial: ", "bad"), f"{done} of {counted(len(view.modules), 'module')} done"))
    return told


def _settings(view: Change) -> Page:
    """What hotd.toml says otherwise, and when that takes effect."""
    if not view.settings:
        return []
    columns = Column("HOTD.TOML", flexible=True), Column("WHEN"), Column("BEFORE", spare=True), Column("NOW")
    rows = (
        row(one.key, spaced_out(one.effect), said(one.before, one.after), said(one.after, one.before))
        for one in view.settings
    )
    return [line(view.note), Table(columns, tuple(rows))]


def said(value: Any, other: Any = None) -> str:
    """A value as hotd.toml would have it, more or less; of a table what is another, or its beginning."""
    if value is None:
        return "-"
    if isinstance(value, dict) and isinstance(other, dict):
        value = {key: one for key, one in value.items() if other.get(key) != one}
    elif isinstance(value, dict) and len(value) > FEW:
        key = next(iter(value))
        return f'{{"{key}": {json.dumps(value[key], ensure_ascii=False)}, …}}'
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def spaced_out(effect: str) -> str:
    return {"new-instances": "new instances", "restart": "after a restart"}.get(effect, effect)


def _alike(view: Change) -> Line | None:
    """One sentence where the same was done to several modules: ``hotctl pause`` over thirty of them."""
    if len(view.modules) < 2 or any(one.outcome != "done" or one.note != view.note for one in view.modules):
        return None
    return line(strong(f"all {counted(len(view.modules), 'module')}: "), view.note or "done")


def _module(one: ModuleChange, revision: int | None) -> Page:
    match one.outcome:
        case "promoted":
            return _promoted(one)
        case "undone":
            return [_head(one, "good", f"undone, {_step(one)}; {_serving(one)}"), *_note(one)]
        case "unchanged":
            return [_head(one, "", f"unchanged, {one.note or f'{gen(one.generation)} is what is on disk'}")]
        case "done":
            return [_head(one, "", one.note or "done")]
        case "checked":
            what = f"check passed in {took(one.duration_ms)}; executed: {listed(one.reloaded) or 'nothing'}"
            what += "; thrown away" if one.left else "; nothing was changed"
            return [_head(one, "good", what), *left_behind(one.left, indent=2), *_note(one)]
        case "planned":
            return _planned(one)
        case "staged":
            return [_head(one, "good", f"{gen(one.generation)} is loaded and waits"), *_note(one)]
        case "skipped":
            return [_head(one, "warn", f"skipped: {one.note or _message(one.error)}"), *_cure(one)]
        case "in-flight":
            tail = ("; ", command(f"hotctl outcome {revision}"), " tells its result") if revision is not None else ()
            number = f" as revision {revision}" if revision is not None else ""
            return [_head(one, "warn", f"still in flight{number}", *tail), *_note(one)]
        case _:
            return _failed(one)


def _promoted(one: ModuleChange) -> Page:
    again = f"; executed again: {listed(one.reloaded)}" if one.reloaded and one.previous is not None else ""
    head = _head(one, "good", f"{_step(one)} promoted in {took(one.duration_ms)}{again}; {_serving(one)}")
    return [head, *_note(one)]


def _serving(one: ModuleChange) -> str:
    verb = "runs" if one.serving.current == 1 else "run"
    text = f"{counted(one.serving.current, 'instance')} {verb} {gen(one.generation)}"
    if not one.serving.old:
        return text
    # From g1 to g2 the old code can only be g1; later it may be of several generations, which the change does not say.
    older = "g1" if (one.previous, one.generation) == (1, 2) else "another generation"
    runs, ends, them = ("runs", "it ends", "it") if one.serving.old == 1 else ("run", "they end", "them")
    text += f", {one.serving.old} still {runs} {older} until {ends}"
    return text if one.note else f"{text} (hotctl restart {one.module} asks {them} to)"


def _planned(one: ModuleChange) -> Page:
    page: list[Block] = []
    if one.plan:
        kept = f", {len(one.kept)} kept" if one.kept else ""
        page.append(_head(one, "", f"a reload would execute {counted(len(one.plan), 'part')} again{kept}"))
        page.append(Table((Column("PART"), Column("WHY", flexible=True)), tuple(map(_planned_part, one.plan))))
        if one.kept:
            page.append(line(dim("kept: "), listed(one.kept)))
    else:
        page.append(_head(one, "", f"nothing to do: {gen(one.generation)} is what is on disk"))
    page += [line(dim(f"shared with {same.module}: "), listed(same.parts)) for same in one.shared]
    return [*page, *(_note(one) if one.outcome == "planned" else [])]


def _planned_part(part: PlannedPart) -> Row:
    if not part.keep:
        return row(part.part, part.why)
    return row((phrase(Span(part.part, "warn")),), f"{part.why}; in keep")


def _failed(one: ModuleChange) -> Page:
    """The place and the message once, the traceback as Python printed it, and what can be done."""
    match one.outcome:
        case "rejected" if one.generation is None:
            head = "rejected, nothing is current yet"
        case "rejected":
            head = f"rejected, {gen(one.generation)} stays current"
        case "rolled-back":
            head = f"rolled back, {gen(one.generation)} is current again"
        case "refused" if one.plan:
            head = "a reload would be refused"
        case _:
            head = one.outcome
    page: Page = [_head(one, "bad", head)]
    if one.error is not None:
        first, *rest = located(one.error.message, one.error.file, one.error.line).split("\n")
        page.append(line(Span(first, "bad"), indent=2))
        page += [line(text, indent=4) for text in rest]
        page += details(one.error, indent=2)
    return [*page, *_note(one)]


def _head(one: ModuleChange, style: str, text: str, *more: str | Span) -> Line:
    return line(strong(one.module), ": ", Span(text, style if style in ("bad", "warn") else ""), *more)


def _note(one: ModuleChange) -> Page:
    return [line(one.note, indent=2)] if one.note else []


def _cure(one: ModuleChange) -> Page:
    return details(one.error, indent=2) if one.error is not None else []


def _step(one: ModuleChange) -> str:
    return gen(one.generation) if one.previous is None else f"{gen(one.previous)} → {gen(one.generation)}"


def _message(error: ErrorView | None) -> str:
    return error.message if error is not None else "no reason was given"
