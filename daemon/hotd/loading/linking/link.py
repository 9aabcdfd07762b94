"""From sketches to parts: which parts of the loaders around us are the same code, which are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hotd.loading.imports.part import Home, Part, reach
from hotd.loading.imports.standin import claim
from hotd.loading.linking.sketch import Sketch
from hotd.loading.linking.sketcher import Sketcher
from hotd.loading.sources.data import alike
from hotd.loading.sources.roots import Roots


def link(
    sketcher: Sketcher, *, heads: Callable[[str, str], Iterable[Part]], roots: Roots, home: Home
) -> tuple[dict[str, Part], dict[str, Part]]:
    """Parts for all sketches, and those of them that are new.

    A sketch becomes a part that is in service (``heads``) where that is the same file, has the same closure digest,
    and imports the very parts that the sketch would: then sharing it mixes nothing. A cycle is shared whole or not.
    What a part imported at run time only is not in the digest; `Sketcher.holds` tells if the disk has it like that.
    """
    sketches, nodes, kept = sketcher.sketches, sketcher.nodes, sketcher.kept
    digests, runs = sketcher.closures.digests, sketcher.closures.runs
    table: dict[str, Part] = {}
    fresh: dict[str, Part] = {}
    for members in sketcher.cycles:
        same = heads(members[0], digests[members[0]])
        shared = _shared(same, members, sketcher, table) if same else None
        if shared is not None:
            table.update(shared)
            continue
        for name in members:
            one = sketches[name]
            like = one.like
            outside, carried = (like.outside, like.carried) if like is not None else (one.missed, one.carried)
            table[name] = fresh[name] = Part(
                name, one.location, one.source, nodes[name], digests[name], outside, roots, home, carried, one.data,
                runs.get(name, ()), one.native,
            )  # fmt: skip
        for name in members:
            fresh[name].edges = _edges(sketches[name], table, kept)
    claim(fresh.values())
    return table, fresh


def _edges(sketch: Sketch, table: Mapping[str, Part], kept: Callable[[str], Part | None]) -> dict[str, Part]:
    edges = sketch.like.edges.copy() if sketch.like is not None else {}
    for target in sketch.targets:
        found = table.get(target) or kept(target)
        if found is not None:
            edges[target] = found
    return edges


def _shared(
    same: Iterable[Part], members: tuple[str, ...], sketcher: Sketcher, table: Mapping[str, Part]
) -> dict[str, Part] | None:
    """Parts in service that can stand for the whole cycle."""
    sketches, digests = sketcher.sketches, sketcher.closures.digests
    for first in same:
        found = {name: first if name == members[0] else first.edges.get(name) or first.find(name) for name in members}
        chosen = {name: part for name, part in found.items() if part is not None}
        if len(chosen) < len(members):
            continue

        def here(name: str, chosen: Mapping[str, Part] = chosen) -> Part | None:
            return chosen.get(name) or table.get(name) or sketcher.kept(name)

        if all(_same(chosen[name], sketches[name], digests[name], here) for name in members) and all(
            _comes_along(part, sketcher, here) for part in chosen.values()
        ):
            return chosen
    return None


def _same(part: Part, sketch: Sketch, digest: str, here: Callable[[str], Part | None]) -> bool:
    if part.digest != digest or part.location != sketch.location or not alike(part.data, sketch.data):
        return False
    return all(part.edges.get(target) is here(target) for target in sketch.node.imports)


def _comes_along(part: Part, sketcher: Sketcher, here: Callable[[str], Part | None]) -> bool:
    """Whether what the part imported at run time is what that means here: the same part, or one as the disk has it."""
    for name, one in reach(part.edges[name] for name in part.runtime if name in part.edges).items():
        mine = here(name)
        if mine is not one and (mine is not None or name in sketcher.sketches or not sketcher.holds(one)):
            return False
    return True
