"""What a user should know of a module beside its row: a sentence each, with the next command to type."""

from __future__ import annotations

from datetime import datetime

from hotctl.view.page import Line, Span, command, dim, line
from hotctl.view.words import ago, gen, left, located, spaced
from hotd.contract.views import Condition, ModuleView

INDENT = 4
_STYLES = {"Healthy": "good", "Progressing": "warn", "Degraded": "bad"}
_GLYPHS = {"Healthy": "● ", "Progressing": "◐ ", "Degraded": "✗ "}
_NEXT = {
    "NotServing": "hotctl restart {name}",
    "Stalled": "hotctl instances {name}",
    "CrashLooping": "hotctl errors {name}",
    "Rejected": "hotctl errors {name}",
    "SourceMissing": "hotctl errors {name}",
    "OutOfSync": "hotctl reload {name}",
}


def health(word: str) -> tuple[Span, Span]:
    style = _STYLES.get(word, "")
    return Span(_GLYPHS.get(word, ""), style, ornament=True), Span(word, style)


def notes(module: ModuleView, now: datetime, *, daemon_paused: bool) -> list[Line]:
    """The news first, then what is held, as lines below the module's row."""
    shown = [
        one
        for one in module.conditions
        # A rejection says both, with its place.
        if one.type != "Rejected" and not (one.type == "OutOfSync" and module.rejected is not None)
    ]
    lines = [*rejected(module, now), *(about(one, module, daemon_paused=daemon_paused) for one in shown)]
    told_apart = any(one.type == "OutOfSync" for one in module.conditions)
    return lines + held(module, now, daemon_paused=daemon_paused, told_apart=told_apart)


def held(module: ModuleView, now: datetime, *, daemon_paused: bool, told_apart: bool) -> list[Line]:
    """What no condition says: nothing loaded, stopped, paused, pinned, scaled; out of sync unless ``told_apart``."""
    lines = []
    if module.out_of_sync and not told_apart and module.rejected is None:
        text = f"the disk holds other code than {gen(module.generation)}"
        lines.append(_note("out of sync: ", text, way_out("OutOfSync", module, daemon_paused=daemon_paused)))
    if module.generation is None and module.rejected is None:
        lines.append(_note("", "nothing has been loaded yet", f"hotctl reload {module.name}"))
    if module.leaving:
        lines.append(_note("being removed: ", "it goes when its instances have ended", f"hotctl remove {module.name}"))
    elif module.added:
        lines.append(_note("added: ", "hotd.toml knows nothing of it", f"hotctl remove {module.name}"))
    if module.moved:
        lines.append(_note("over other versions: ", module.moved, None))
    if module.stopped and not module.leaving:
        lines.append(_note("", "stopped", f"hotctl start {module.name}"))
    says_so = module.out_of_sync and module.rejected is None  # that note names the same way out
    if module.watch == "paused" and not daemon_paused and not says_so:
        text = "file changes are recorded, not acted on"
        text += f" ({left(module.paused_until, now)})" if module.paused_until else ""
        lines.append(_note("paused: ", text, f"hotctl resume {module.name}"))
    if module.pinned:
        lines.append(_note("pinned: ", "only a forced reload changes it", f"hotctl unpin {module.name}"))
    if "replicas" in module.overrides:
        text = f"{module.replicas} replicas, hotd.toml says {module.overrides['replicas']}"
        lines.append(_note("scaled: ", text, f"hotctl reset {module.name}"))
    return lines


def about(condition: Condition, module: ModuleView, *, daemon_paused: bool) -> Line:
    typed = None if "hotctl " in condition.message else way_out(condition.type, module, daemon_paused=daemon_paused)
    return _note(f"{spaced(condition.type)}: ", condition.message or condition.reason, typed)


def way_out(kind: str, module: ModuleView, *, daemon_paused: bool) -> str | None:
    if kind == "OutOfSync" and daemon_paused:
        return "hotctl resume"
    if kind == "OutOfSync" and module.watch == "paused":
        return f"hotctl resume {module.name}"
    return _NEXT[kind].format(name=module.name) if kind in _NEXT else None


def rejected(module: ModuleView, now: datetime) -> list[Line]:
    """The news about the last edit that could not be loaded, with its place."""
    if (news := module.rejected) is None:
        return []
    current = f"{gen(module.generation)} stays current" if module.generation is not None else "nothing runs"
    what = located(news.message, news.file, news.line)
    return [
        line(
            Span(f"rejected {ago(news.at, now)}: ", "bad"),
            f"{what}; {current}",
            dim("  "),
            command(f"hotctl errors {module.name}"),
            indent=INDENT,
        )
    ]


def _note(label: str, text: str, typed: str | None) -> Line:
    tail = (dim("  "), command(typed)) if typed else ()
    return line(Span(label, "warn"), text, *tail, indent=INDENT)
