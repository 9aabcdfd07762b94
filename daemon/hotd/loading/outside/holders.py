"""What of the outside world refers to the code of certain parts, or was registered by it.

For a candidate that was refused this is what it left behind; for a retired generation it is who keeps it in memory.
Found by looking at what is there and asking whose it is, never by comparing the process before and after: what other
modules and instances do meanwhile is theirs. It takes some milliseconds, and is for when somebody wants to know.

Not found: what carries no code and passes no watched door (`doors`), as a string in ``sys.path``, a warnings filter for
a built-in category, ``os.environ``, the working folder; child processes other than ``multiprocessing.Process``; what
lies deep in a library, or in a container of ten thousand. What refers weakly only (ABC.register, ``__subclasses__``)
goes by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from hotd.core import border
from hotd.core.border import Raised
from hotd.loading.outside.registrations import registrations
from hotd.loading.outside.registries import REGISTRIES, Holder
from hotd.loading.outside.running import running
from hotd.loading.outside.slots import Before, slots
from hotd.loading.outside.whose import Whose

__all__ = ["Holder", "found_by", "holders", "registered"]

T = TypeVar("T")

NOTHING_KNOWN: Before = {}

log = logging.getLogger("hotd.loading")


def holders(whose: Whose, before: Before = NOTHING_KNOWN) -> Iterator[Holder]:
    """Each of them. ``before`` (`outside.slots.now`) tells what can be put back where only one thing stands."""
    for _, one in found_by(partial(running, whose)):
        yield one
    yield from registered(whose, before)


def registered(whose: Whose, before: Before = NOTHING_KNOWN) -> Iterator[Holder]:
    """All but threads and processes."""
    for find in (*REGISTRIES, registrations):
        yield from found_by(partial(find, whose))
    yield from found_by(partial(slots, whose, before))


def found_by(look: Callable[[], Iterable[T]]) -> list[T]:
    """What a look finds. Anybody may have put anything anywhere: where one look fails, the others are made."""
    found = border.call(lambda: list(look()))
    if isinstance(found, Raised):
        log.warning("who holds code cannot be told in full: %s", found.failure.traceback)
        return []
    return found.value
