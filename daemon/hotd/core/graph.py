"""The import graph as plain data: who is touched by a change, which parts form a cycle, and what a closure is called.

Nodes are names, edges say "imports". Nothing here knows a file or a module object.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

RUN = 32


@dataclass(frozen=True, slots=True)
class Node:
    """One part, as far as its identity goes."""

    fingerprint: str
    """Its own content: root-relative path, digest of the bytes, names it looked for in vain."""
    imports: Sequence[str]
    """Sorted, each once."""


Runs = tuple[str, ...]
"""One hash for each `RUN` imports of a node that has more: when one of a thousand changes, 32 are hashed again."""


@dataclass(frozen=True, slots=True)
class Closures:
    """What closures are called, by the names of their nodes."""

    digests: dict[str, str]
    runs: dict[str, Runs]


def touched(changed: Iterable[str], users: Callable[[str], Iterable[str] | None]) -> dict[str, str]:
    """Whatever imports a changed name, directly or not, with the name through which the change first reached it.

    The changed names themselves are not among the keys, unless one imports another. The cost is that of what
    is touched.
    """
    cause: dict[str, str] = {}
    front = list(changed)
    while front:
        reached: list[str] = []
        for name in front:
            for user in sorted(users(name) or ()):
                if user not in cause:
                    cause[user] = name
                    reached.append(user)
        front = reached
    return cause


def chain(name: str, cause: Mapping[str, str]) -> tuple[str, ...]:
    """From a touched name (see ``touched``) to the changed one behind it, which has no cause; each imports the next."""
    found = [name]
    while found[-1] in cause:
        found.append(cause[found[-1]])
    return tuple(found)


def components(imports: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """The strongly connected components of the keys, what is imported before who imports it (Tarjan 1972, iterative).

    Targets that are no keys are not followed. Members of a component are sorted.
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[tuple[str, ...]] = []
    for start in imports:
        if start in order:
            continue
        work: list[tuple[str, Iterator[str]]] = [(start, iter(imports[start]))]
        order[start] = low[start] = len(order)
        stack.append(start)
        on_stack.add(start)
        while work:
            name, targets = work[-1]
            for target in targets:
                if target not in imports:
                    continue
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(imports[target])))
                    break
                if target in on_stack:
                    low[name] = min(low[name], order[target])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[name])
                if low[name] == order[name]:
                    members = [stack.pop()]
                    while members[-1] != name:
                        members.append(stack.pop())
                    on_stack.difference_update(members)
                    found.append(tuple(sorted(members)) if len(members) > 1 else (name,))
    return found


def closures(
    nodes: Mapping[str, Node],
    cycles: Iterable[tuple[str, ...]],
    known: Callable[[str], str],
    before: Mapping[str, tuple[Runs, Collection[str]]] = MappingProxyType({}),
) -> Closures:
    """What all closures are called: by a Merkle hash over the condensation, so equal closures are called alike.

    ``cycles`` are the nodes' components, imported ones first; ``known`` gives the digest of a target that is no node.
    Members of one cycle share a closure, and so a hash; each adds its own name to it. ``before`` has the runs of
    earlier nodes with the same imports, and which of these may be called otherwise now.
    """
    digests: dict[str, str] = {}
    runs: dict[str, Runs] = {}

    def of(targets: Iterable[str]) -> Iterable[str]:
        return [digests[one] if one in digests else known(one) for one in targets]

    for members in cycles:
        name = members[0]
        node = nodes[name]
        if len(members) > 1:
            beyond = {target for name in members for target in nodes[name].imports}.difference(members)
            whole = hashed(*(nodes[name].fingerprint for name in members), "/", *of(sorted(beyond)))
            digests.update((name, hashed(whole, name)) for name in members)
        elif len(node.imports) <= RUN:
            below = [digests[one] if one in digests else known(one) for one in node.imports]
            digests[name] = hashed(node.fingerprint, name, *below)
        else:
            runs[name] = _runs(node.imports, of, *before.get(name, ((), ())))
            digests[name] = hashed(node.fingerprint, name, *runs[name])
    return Closures(digests, runs)


def _runs(
    imports: Sequence[str], of: Callable[[Iterable[str]], Iterable[str]], before: Runs, touched: Collection[str]
) -> Runs:
    starts = range(0, len(imports), RUN)
    anew = {bisect_left(imports, name) // RUN for name in touched} if before else range(len(starts))
    found = list(before) or [""] * len(starts)
    for which in anew:
        found[which] = hashed(*of(imports[starts[which] : starts[which] + RUN]))
    return tuple(found)


def hashed(*pieces: str) -> str:
    """A hash of the pieces that tells ``("ab", "c")`` from ``("a", "bc")``. No path and no name has a NUL in it."""
    text = "\0".join((str(len(pieces)), *pieces))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
