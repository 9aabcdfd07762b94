"""Changes and sentences: how what happened to a module is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hotd.contract.errors import Busy, HotdError, Locked
from hotd.contract.nearest import nearest
from hotd.contract.protocol import error_view
from hotd.contract.views import ErrorView, ModuleChange, PlannedPart, Serving, SharedParts
from hotd.core.changes import Hold, Rollout
from hotd.core.modules import DEATHS, Module
from hotd.core.values import Instant


def refused_change(module: Module, error: HotdError) -> ModuleChange:
    return module_change(module, "refused", error=error_view(error))


def module_change(
    module: Module,
    outcome: str,
    *,
    previous: int | None = None,
    reloaded: tuple[str, ...] = (),
    duration_ms: float = 0.0,
    error: ErrorView | None = None,
    plan: tuple[PlannedPart, ...] = (),
    kept: tuple[str, ...] = (),
    note: str = "",
    shared: tuple[SharedParts, ...] = (),
    left: tuple[str, ...] = (),
) -> ModuleChange:
    before = previous if outcome in ("promoted", "undone") else module.current
    return ModuleChange(
        module.name,
        outcome,
        module.current,
        before,
        reloaded,
        serving(module),
        round(duration_ms, 3),
        error,
        plan,
        kept,
        note,
        shared=shared,
        left=left,
    )


def plain_change(module: Module, outcome: str, *, previous: int | None = None, note: str = "") -> ModuleChange:
    """The change of a verb that loads nothing."""
    return module_change(module, outcome, previous=previous, note=note)


def serving(module: Module) -> Serving:
    return Serving(module.on_current, module.alive - module.on_current)


UNSERVED = "is current but nothing runs it"


def not_served(module: Module) -> str:
    """The sentence for ``NotServing`` while old instances hold the places; empty where one may start, or shall not."""
    if module.current is None or not module.wanted or module.served or module.shortfall:
        return ""
    old = module.places
    names = f"{old[0].id}" + "".join(f", -{i.id.number}" for i in old[1:-1])
    names += f" and -{old[-1].id.number}" if len(old) > 1 else ""
    numbers = " and ".join(f"g{n}" for n in sorted({i.generation for i in old}))
    if len(old) > 1:
        stay, end, ask, asked = "stay", "they end", "asks them to", "they are asked to at their next checkpoint"
    else:
        stay, end, ask, asked = "stays", "it ends", "asks it to", "it is asked to at its next checkpoint"
    going = all(module.shall_end(instance) for instance in old)
    cure = asked if going else f"`hotctl restart {module.name}` {ask}"
    return f"g{module.current} {UNSERVED}: {names} {stay} on {numbers} until {end}; {cure}"


def as_served(note: str, module: Module | None) -> str:
    """A note of earlier, with what it says of ``NotServing`` as that is by now: nothing, where one runs, or where
    the change is no longer what the module is at (None)."""
    said = note.split("; ")
    at = next((place for place, part in enumerate(said) if UNSERVED in part), None)
    if at is None:
        return note
    return "; ".join(filter(None, (*said[:at], not_served(module) if module else "", *said[at + 2 :])))


def unmatched_note(module: str, keep: tuple[str, ...], parts: Iterable[str] = ()) -> str:
    """The names in ``keep`` that keep nothing; empty where each is a part."""
    if not keep:
        return ""
    near = nearest(keep[0], parts)
    guess = f"; did you mean {near!r}?" if near else ""
    them = "which are no parts" if len(keep) > 1 else "which is no part"
    return f"keep names {', '.join(keep)}, {them} of {module}{guess}"


def locked(hold: Hold, now: Instant) -> Locked:
    """The refusal while somebody's deploy is under way."""
    return Locked(
        f"{hold.actor.name} is deploying since {now.mono - hold.since.mono:.0f} s ({hold.cause})",
        hint="wait until that is over; `hotctl events -f` tells",
    )


def awaited(module: Module, rollout: Rollout) -> Busy:
    """The refusal while a candidate waits for somebody's word."""
    return Busy(
        f"a candidate of {module.name} waits since {rollout.actor.name} staged it (revision {rollout.revision})",
        hint=f"`hotctl promote {module.name}` or `hotctl abort {module.name}`",
    )


def waits(module: str, rollout: Rollout) -> str:
    """Of what somebody staged, and what may become of it."""
    word = f"`hotctl promote {module}` makes it current, `hotctl abort {module}` throws it away"
    return f"{rollout.actor.name} staged a candidate (revision {rollout.revision}) that waits; {word}"


def died_of(why: str, what: str) -> str:
    """Of content that is ``died`` or ``fatal``."""
    return f"the daemon died {DEATHS} times {'importing' if why == 'fatal' else 'of'} {what}"


def gen(number: int | None) -> str:
    return "no generation" if number is None else f"g{number}"


def worded(verb: str, reason: str) -> str:
    return f"{verb}: {reason}" if reason else verb


def located(error: ErrorView) -> str:
    if error.file is None:
        return error.message
    where = error.file if error.line is None else f"{error.file}:{error.line}"
    return f"{where}: {error.message}"


def listed(things: Sequence[str], most: int = 4) -> str:
    """``a``, ``a and b``, ``a, b and c``; of many the last ones, and how many others there are."""
    if len(things) > most:
        return f"{', '.join(things[1 - most :])} and {len(things) - most + 1} others"
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]])) if things else ""
