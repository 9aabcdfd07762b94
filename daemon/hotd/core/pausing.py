"""Auto-watch, paused and resumed: of one module, of all; for good, or until it resumes by itself."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import PausedGlobally, UsageError
from hotd.contract.events import EventName
from hotd.contract.units import LONGEST_DURATION, format_duration
from hotd.core.book import Book
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit
from hotd.core.switches import done, told
from hotd.core.values import DAEMON, Actor, Instant


def pause(book: Book, request: requests.Pause, actor: Actor, now: Instant) -> Decision:
    """File changes are recorded and not acted on. What is said last holds, also of how long.

    Raises UnknownModule, UsageError.
    """
    until = None if request.duration is None else _end(request.duration, now)
    if request.module:
        module = book.module(request.module)
        names, before = [module.name], (module.paused, module.paused_until)
        book = book.having(replace(module, paused=True, paused_until=until))
    else:
        names, before = list(book.modules), (book.paused, book.paused_until)
        book = replace(book, paused=True, paused_until=until)
    whose = f"watching {request.module or 'all'}"
    note, message = "file changes are recorded, not acted on; instances go on", f"{whose} paused"
    if request.duration is not None:
        note += f"; it ends by itself in {format_duration(request.duration)}"
        message += f" for {format_duration(request.duration)}"
    elif before[1] is not None:
        note += f"; it does not end by itself any more: `{_resume(request.module)}`"
        message += " until somebody resumes it"
    already = before == (True, None) == (True, until)
    event = told(EventName.WATCH_PAUSED, request.module, message, actor, "pause", request.reason)
    return done(book, names, "was paused already" if already else note, () if already else (event,))


def resume(book: Book, request: requests.Resume, actor: Actor, now: Instant) -> Decision:
    """File changes are acted on again; what changed meanwhile is loaded now. Raises UnknownModule, PausedGlobally."""
    if request.module:
        module = book.module(request.module)
        if book.paused:
            raise PausedGlobally(
                f"the whole daemon is paused, so {module.name} cannot be resumed alone", hint="`hotctl resume`"
            )
        names, already = [module.name], not module.paused
        book = book.having(replace(module, paused=False, paused_until=None))
    else:
        names, already = list(book.modules), not book.paused
        book = replace(book, paused=False, paused_until=None)
    behind = [name for name in names if book.modules[name].pending and not book.held(book.modules[name])]
    note = "was not paused" if already else "file changes are acted on again"
    if request.module and module.spec.watch == "manual":
        note = f'its watch is "manual": changes are only shown, `hotctl reload {module.name}` loads them'
    note += f"; now loading what changed: {', '.join(behind)}" if behind else ""
    still = [name for name in names if book.modules[name].paused]
    note += f"; still paused by itself: {', '.join(still)}" if still else ""
    message = f"watching {request.module or 'all'} resumed"
    event = told(EventName.WATCH_RESUMED, request.module, message, actor, "resume", request.reason)
    return done(book, names, note, () if already else (event,))


def run_out(book: Book, now: Instant) -> tuple[Book, list[Effect]]:
    """End every pause whose time is over; what changed meanwhile is loaded as after a resume."""
    effects: list[Effect] = []
    if book.paused_until is not None and book.paused_until.mono <= now.mono:
        book = replace(book, paused=False, paused_until=None)
        effects.append(_ended(None))
    for name, module in book.modules.items():
        if module.paused_until is not None and module.paused_until.mono <= now.mono:
            book = book.having(replace(module, paused=False, paused_until=None))
            effects.append(_ended(name))
    return book, effects


def pause_ends(book: Book) -> list[float]:
    """The monotonic seconds at which a pause ends by itself."""
    ends = [book.paused_until, *[module.paused_until for module in book.modules.values()]]
    return [until.mono for until in ends if until is not None]


def _end(duration: float, now: Instant) -> Instant:
    if not 0 < duration <= LONGEST_DURATION:
        raise UsageError(f"a pause of {duration:g} s makes no sense", hint="--for 10m, or none: until `hotctl resume`")
    return Instant(now.mono + duration, now.wall + duration)


def _ended(module: str | None) -> Emit:
    message = f"watching {module or 'all'} resumed: the time of the pause is over"
    return Emit(EventName.WATCH_RESUMED, message, module, actor=DAEMON.name, cause="hotctl pause --for")


def _resume(module: str | None) -> str:
    return f"hotctl resume {module}" if module else "hotctl resume"
