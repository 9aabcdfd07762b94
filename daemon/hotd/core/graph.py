"""The import graph as plain data: who is touched by a change, which parts form a cycle, and what a closure is called.

Nodes are names, edges say "imports". Nothing here knows a file or a module object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One part, as far as its identity goes."""

    fingerprint: str
    """Its own content: root-relative path, digest of the bytes, names it looked for in vain."""
    imports: Collection[str]


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


def digests(
    nodes: Mapping[str, Node], cycles: Iterable[tuple[str, ...]], known: Callable[[str], str]
) -> dict[str, str]:
    """The closure digest of every node: a Merkle hash over the condensation, so equal closures have equal digests.

    ``cycles`` are the nodes' components, imported ones first; ``known`` gives the digest of a target that is no node.
    Members of one cycle share a closure, and so a hash; each adds its own name to it.
    """
    result: dict[str, str] = {}
    for members in cycles:
        inside = frozenset(members)
        beyond = {target for name in members for target in nodes[name].imports} - inside
        whole = hashed(
            *(nodes[name].fingerprint for name in members),
            "/",
            *sorted(result[target] if target in result else known(target) for target in beyond),
        )
        for name in members:
            result[name] = hashed(whole, name)
    return result


def hashed(*pieces: str) -> str:
    """A hash of the pieces that tells ``("ab", "c")`` from ``("a", "bc")``."""
    total = hashlib.sha256()
    for piece in pieces:
        data = piece.encode("utf-8", "surrogateescape")
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()
