"""The import graph as plain data: who is touched by a change, which parts form a cycle, and what a closure is called.

Nodes are names, edges say "imports". Nothing here knows a file or a module object.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

RUN = 32


# Tuples, here and in `Closure`: a reload makes one for each module that it touches, and frozen dataclasses take long.
class Closure(NamedTuple):
    """What a node's closure is called."""

    digest: str
    runs: tuple[str, ...] = ()
    """One hash for each `RUN` imports, of a node that has more: when one of a thousand changes, 32 are hashed again."""


class Node(NamedTuple):
    """One part, as far as its identity goes."""

    fingerprint: str
    """Its own content: root-relative path, digest of the bytes, names it looked for in vain."""
    imports: Sequence[str]
    """Sorted, each once."""
    before: Closure | None = None
    """That of an earlier node with the same imports, of which only the ``touched`` may have other digests now."""
    touched: Collection[str] = ()


def touched(changed: Iterable[str], users: Callable[[str], Iterable[str]]) -> dict[str, str]:
    """Whatever imports a changed name, directly or not, with the name through which the change first reached it.

    The changed names themselves are not among the keys, unless one imports another. The cost is that of what
    is touched.
    """
    cause: dict[str, str] = {}
    front = list(changed)
    while front:
        reached: list[str] = []
        for name in front:
            for user in sorted(users(name)):
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
                    members: list[str] = []
                    while not members or members[-1] != name:
                        members.append(stack.pop())
                    on_stack.difference_update(members)
                    found.append(tuple(sorted(members)))
    return found


def closures(
    nodes: Mapping[str, Node], cycles: Iterable[tuple[str, ...]], known: Callable[[str], str]
) -> dict[str, Closure]:
    """What all closures are called: by a Merkle hash over the condensation, so equal closures are called alike.

    ``cycles`` are the nodes' components, imported ones first; ``known`` gives the digest of a target that is no node.
    Members of one cycle share a closure, and so a hash; each adds its own name to it.
    """
    found: dict[str, Closure] = {}

    def digest_of(name: str) -> str:
        closure = found.get(name)
        return closure.digest if closure is not None else known(name)

    for members in cycles:
        if len(members) == 1:
            name = members[0]
            node = nodes[name]
            if len(node.imports) <= RUN:
                below = [found[one].digest if one in found else known(one) for one in node.imports]
                found[name] = Closure(hashed(node.fingerprint, name, *below))
            else:
                runs = _runs(node, digest_of)
                found[name] = Closure(hashed(node.fingerprint, name, *runs), runs)
            continue
        inside = frozenset(members)
        beyond = {target for name in members for target in nodes[name].imports} - inside
        whole = hashed(*(nodes[name].fingerprint for name in members), "/", *map(digest_of, sorted(beyond)))
        found.update((name, Closure(hashed(whole, name))) for name in members)
    return found


def _runs(node: Node, digest_of: Callable[[str], str]) -> tuple[str, ...]:
    def run(at: int) -> str:
        return hashed(*map(digest_of, node.imports[at : at + RUN]))

    if node.before is None or not node.before.runs:
        return tuple(run(at) for at in range(0, len(node.imports), RUN))
    runs = list(node.before.runs)
    for which in {bisect_left(node.imports, name) // RUN for name in node.touched}:
        runs[which] = run(which * RUN)
    return tuple(runs)


def hashed(*pieces: str) -> str:
    """A hash of the pieces that tells ``("ab", "c")`` from ``("a", "bc")``. No path and no name has a NUL in it."""
    text = "\0".join((str(len(pieces)), *pieces))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
