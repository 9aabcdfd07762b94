"""From sketches to parts: which parts of the loaders around us are the same code, which are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hotd.core.graph import Closure
from hotd.loading.data import alike
from hotd.loading.part import Home, Part, reach
from hotd.loading.roots import Roots
from hotd.loading.sketch import Sketch
from hotd.loading.standin import claim


def link(
    sketches: Mapping[str, Sketch],
    cycles: Iterable[tuple[str, ...]],
    closures: Mapping[str, Closure],
    *,
    kept: Callable[[str], Part | None],
    heads: Callable[[str], Iterable[Part]],
    holds: Callable[[Part], bool],
    roots: Roots,
    home: Home,
) -> tuple[dict[str, Part], dict[str, Part]]:
    """Parts for all sketches, and those of them that are new.

    A sketch becomes a part that is in service (``heads``) where that is the same file, has the same closure digest,
    and imports the very parts that the sketch would: then sharing it mixes nothing. A cycle is shared whole or not.
    What a part imported at run time only is not in the digest; ``holds`` tells whether the disk has it like that.
    """
    table: dict[str, Part] = {}
    fresh: dict[str, Part] = {}
    for members in cycles:
        shared = _shared(members, sketches, closures, table, kept, heads, holds)
        if shared is not None:
            table.update(shared)
            continue
        for name in members:
            sketch = sketches[name]
            part = Part(
                name,
                sketch.location,
                sketch.source,
                closures[name],
                sketch.missed,
                roots,
                home,
                sketch.carried,
                sketch.data,
                sketch.imports,
                sketch.fingerprint,
            )
            table[name] = fresh[name] = part
        for name in members:
            fresh[name].edges = _edges(sketches[name], table, kept)
    claim(fresh.values())
    return table, fresh


def _edges(sketch: Sketch, table: Mapping[str, Part], kept: Callable[[str], Part | None]) -> dict[str, Part]:
    if sketch.like is not None:
        return sketch.like.edges | {target: table[target] for target in sketch.targets if target in table}
    found = ((target, table.get(target) or kept(target)) for target in sketch.targets)
    return {target: part for target, part in found if part is not None}


def _shared(
    members: tuple[str, ...],
    sketches: Mapping[str, Sketch],
    closures: Mapping[str, Closure],
    table: Mapping[str, Part],
    kept: Callable[[str], Part | None],
    heads: Callable[[str], Iterable[Part]],
    holds: Callable[[Part], bool],
) -> dict[str, Part] | None:
    """Parts in service that can stand for the whole cycle."""
    for first in heads(members[0]):
        if first.digest != closures[members[0]].digest:
            continue
        found = {name: first if name == members[0] else first.edges.get(name) or first.find(name) for name in members}
        chosen = {name: part for name, part in found.items() if part is not None}
        if len(chosen) < len(members):
            continue

        def here(name: str, chosen: Mapping[str, Part] = chosen) -> Part | None:
            return chosen.get(name) or table.get(name) or kept(name)

        if all(_same(chosen[name], sketches[name], closures[name].digest, here) for name in members) and all(
            _comes_along(part, sketches, here, holds) for part in chosen.values()
        ):
            return chosen
    return None


def _same(part: Part, sketch: Sketch, digest: str, here: Callable[[str], Part | None]) -> bool:
    if part.digest != digest or part.location != sketch.location or not alike(part.data, sketch.data):
        return False
    return all(part.edges.get(target) is here(target) for target in sketch.imports)


def _comes_along(
    part: Part, sketches: Mapping[str, Sketch], here: Callable[[str], Part | None], holds: Callable[[Part], bool]
) -> bool:
    """Whether what the part imported at run time is what that means here: the same part, or one as the disk has it."""
    for name, one in reach(part.edges[name] for name in part.runtime if name in part.edges).items():
        mine = here(name)
        if mine is not one and (mine is not None or name in sketches or not holds(one)):
            return False
    return True
