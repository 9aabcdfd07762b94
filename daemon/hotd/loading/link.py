"""From sketches to parts: which parts of the loaders around us are the same code, which are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hotd.loading.data import alike
from hotd.loading.part import Home, Part
from hotd.loading.roots import Roots
from hotd.loading.sketch import Sketch
from hotd.loading.standin import claim


def link(
    sketches: Mapping[str, Sketch],
    cycles: Iterable[tuple[str, ...]],
    digests: Mapping[str, str],
    *,
    kept: Callable[[str], Part | None],
    heads: Callable[[str], Iterable[Part]],
    roots: Roots,
    home: Home,
) -> tuple[dict[str, Part], dict[str, Part]]:
    """Parts for all sketches, and those of them that are new.

    A sketch becomes a part that is in service (``heads``) where that is the same file, has the same closure digest,
    and imports the very parts that the sketch would: then sharing it mixes nothing. A cycle is shared whole or not.
    """
    table: dict[str, Part] = {}
    fresh: dict[str, Part] = {}
    for members in cycles:
        shared = _shared(members, sketches, digests, table, kept, heads)
        if shared is not None:
            table.update(shared)
            continue
        for name in members:
            sketch = sketches[name]
            part = Part(
                name,
                sketch.location,
                sketch.source,
                digests[name],
                sketch.outside,
                roots,
                home,
                sketch.runtime,
                sketch.data,
            )
            table[name] = fresh[name] = part
        for name in members:
            edges = fresh[name].edges
            for target in sketches[name].targets:
                found = table.get(target) or kept(target)
                if found is not None:
                    edges[target] = found
    for part in fresh.values():
        claim(part)
    return table, fresh


def _shared(
    members: tuple[str, ...],
    sketches: Mapping[str, Sketch],
    digests: Mapping[str, str],
    table: Mapping[str, Part],
    kept: Callable[[str], Part | None],
    heads: Callable[[str], Iterable[Part]],
) -> dict[str, Part] | None:
    """Parts in service that can stand for the whole cycle."""
    for first in heads(members[0]):
        found = {name: first if name == members[0] else first.edges.get(name) or first.find(name) for name in members}
        chosen = {name: part for name, part in found.items() if part is not None}
        if len(chosen) == len(members) and all(
            _same(chosen[name], sketches[name], digests[name], {**chosen}, table, kept) for name in members
        ):
            return chosen
    return None


def _same(
    part: Part,
    sketch: Sketch,
    digest: str,
    cycle: Mapping[str, Part],
    table: Mapping[str, Part],
    kept: Callable[[str], Part | None],
) -> bool:
    if part.digest != digest or part.location != sketch.location or not alike(part.data, sketch.data):
        return False
    for target in sketch.targets:
        if part.edges.get(target) is not (cycle.get(target) or table.get(target) or kept(target)):
            return False
    # What it imported at run time comes along, unless here the name already means another part.
    return all(
        (table.get(name) or kept(name) or part.edges[name]) is part.edges[name]
        for name in part.runtime
        if name in part.edges
    )
