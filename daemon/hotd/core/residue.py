"""What loads that came to nothing left behind in the process, for as long as it is there."""

from __future__ import annotations

from collections.abc import Sequence

from hotd.contract.events import EventName
from hotd.core.book import Book, Left
from hotd.core.copies import replace
from hotd.core.effects import Decision, Emit
from hotd.core.values import Instant

MOST = 4
"""Things that one sentence lists."""


def left_behind(book: Book, name: str, what: tuple[str, ...], now: Instant) -> Decision:
    """``what`` is all that is there now of that module, as phrases. The same again changes nothing."""
    module = book.modules.get(name)
    if module is None:
        return Decision(book)  # it is hosted no more
    before = module.left.what if module.left is not None else ()
    if what == before:
        return Decision(book)
    left = Left(what, module.left.since if module.left is not None else now) if what else None
    effects: tuple[Emit, ...] = ()
    if new := [one for one in what if one not in before]:
        message = f"{name} is tainted: a load that came to nothing left behind {enumerated(new)}"
        effects = (Emit(EventName.MODULE_TAINTED, message, name, fields={"left": list(what)}),)
    elif left is None:
        message = f"{name} is clean again: what loads that came to nothing had left behind is gone"
        effects = (Emit(EventName.MODULE_CLEARED, message, name),)
    return Decision(book.having(replace(module, left=left)), effects)


def enumerated(what: Sequence[str]) -> str:
    """``a; b``, and how many others there are."""
    more = f"; and {len(what) - MOST} more" if len(what) > MOST else ""
    return "; ".join(what[:MOST]) + more
