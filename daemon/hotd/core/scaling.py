"""How many instances there shall be, and who has to go."""

from __future__ import annotations

from collections.abc import Callable

from hotd.core.copies import replace
from hotd.core.modules import Instance, Module


def surplus(module: Module, replicas: int) -> set[int]:
    """Who has to go. The old code goes first, then the youngest: what has run longest on current has the most work
    in it."""
    order = sorted(
        (i for i in module.places if not i.leaving),
        key=lambda i: (i.generation == module.current, -i.id.number),
    )
    return {i.id.number for i in order[: max(0, len(order) - replicas)]}


def scaled(module: Module, replicas: int) -> Module:
    gone = surplus(module, replicas)
    module = leave(module, lambda i: i.id.number in gone)
    return replace(module, replicas=replicas, finished=min(module.finished, replicas))


def leave(module: Module, which: Callable[[Instance], bool]) -> Module:
    """The module, of whose instances those shall end."""
    instances = {n: replace(i, leaving=i.leaving or which(i)) for n, i in module.instances.items()}
    return replace(module, instances=instances)
