"""A leak: code of a generation that is gone, and is in memory all the same."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hotd.core.messages import Holder
from hotd.loading.linking.pool import Pool
from hotd.loading.memory.sentinels import Sentinel, Sentinels, is_left
from hotd.loading.memory.tracing import trace
from hotd.loading.process.typecaches import forget_types


@dataclass(frozen=True, slots=True)
class Leak:
    """What is left of one generation. Holds nothing of it."""

    generation: int
    """Its number; of several that had the same code, the newest that is known to have had it."""
    parts: tuple[str, ...]
    """Names of the modules whose code, or one of whose classes, is in memory."""
    sentinels: tuple[Sentinel, ...] = field(repr=False, compare=False)
    pool: Pool = field(repr=False, compare=False)

    def holders(self, within: float = 3.0) -> tuple[Holder, ...]:
        """Who keeps it in memory, as far as that can be found in so many seconds; () when it is gone by now.

        Looks through the whole heap several times, each of which stops every thread: ask when somebody wants to know.
        """
        return trace(_alive(self.sentinels), self.pool.spaces(), within)


def leaks_in(sentinels: Sentinels, pool: Pool, *, collect: bool) -> tuple[Leak, ...]:
    """What is in memory though nothing in use accounts for it, by generation, the oldest first.

    See `Loader.leaks`.
    """
    left = sentinels.unused(pool.in_use())
    if left:
        forget_types()  # old code may have written types up to its end
    if left and collect:
        gc.collect()
        in_use = pool.in_use()
        left = [sentinel for sentinel in left if is_left(sentinel, in_use)]
    found: dict[int, list[Sentinel]] = {}
    for sentinel in left:
        found.setdefault(sentinel.generation, []).append(sentinel)
    return tuple(
        Leak(number, tuple(sorted({sentinel.part for sentinel in found[number]})), tuple(found[number]), pool)
        for number in sorted(found)
    )


def _alive(sentinels: Iterable[Sentinel]) -> Iterator[Any]:
    for sentinel in sentinels:
        thing = sentinel.reference()
        if thing is not None:
            yield thing
