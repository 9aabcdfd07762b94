"""What the process imported for good, and the disk has in another version by now: only a new daemon imports it anew.

Native code under the roots, installed packages, the standard library, hotd itself: executed once, shared by all
generations, never replaced while the daemon runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from hotd.contract.events import EventName
from hotd.core.book import Book, Outdated
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit
from hotd.core.messages import Stale, StaleReport
from hotd.core.values import Instant

MOST = 4
"""Packages, or single files, that one sentence lists."""

CURE = "systemctl restart hotd"


def noted(book: Book, report: StaleReport, now: Instant) -> Decision:
    """``report`` is all that differs now. The same again changes nothing."""
    effects: list[Effect] = []
    of_daemon = _outdated(book.outdated, report.daemon, now)
    effects += _news(None, book.outdated, of_daemon)
    book = replace(book, outdated=of_daemon)
    for name, module in book.modules.items():
        outdated = _outdated(module.outdated, report.modules.get(name, ()), now)
        effects += _news(name, module.outdated, outdated)
        book = book.having(replace(module, outdated=outdated))
    return Decision(book, tuple(effects))


def restart_required(outdated: Outdated) -> tuple[str, str, str, Instant]:
    """The condition: type, reason, message, since."""
    stays = f"what was imported stays until the daemon is restarted ({CURE})"
    message = f"{_enumerated(outdated.what)} changed on disk; {stays}"
    return "RestartRequired", outdated.what[0].kind, message, outdated.since


def _outdated(before: Outdated | None, what: tuple[Stale, ...], now: Instant) -> Outdated | None:
    if not what:
        return None
    return Outdated(what, before.since if before is not None else now)


def _news(module: str | None, before: Outdated | None, after: Outdated | None) -> Iterator[Emit]:
    """Of what is another name, not of every further file: an installer writes for seconds."""
    known = {one.name for one in before.what} if before is not None else set()
    if after is not None:
        new = tuple(one for one in after.what if one.name not in known)
        if new:
            message = f"restart required: {_enumerated(new)} changed on disk ({CURE})"
            fields = {"files": [one.path for one in new]}
            yield Emit(EventName.RESTART_REQUIRED, message, module, fields=fields)
    elif before is not None:
        message = f"no restart required any more: {_enumerated(before.what)} as it was imported"
        yield Emit(EventName.RESTART_UNNEEDED, message, module)


def _enumerated(what: tuple[Stale, ...]) -> str:
    shown = ", ".join(_named(one) for one in what[:MOST])
    more = len(what) - MOST
    return f"{shown}, and {more} more" if more > 0 else shown


def _named(one: Stale) -> str:
    if one.count == 1:
        return one.path
    return f"{one.path} and {one.count - 1} more file{'s' if one.count > 2 else ''} of {one.name}"
