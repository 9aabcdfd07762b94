"""Whether a program's imports mean the same in whatever order its modules are entered.

Where they do not (``from x import y`` in a circle), Python's own result hangs on who came first; and a module that was
executed before an edit, and is kept, came first. Such a program says nothing about the loader.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle.kinds import KINDS
from tests.oracle.program import BASE, BODY, DECORATOR, ENTRIES, LATE, THREAD, TOP, Item, Program, Ref, moment

_BINDS_NAMES = frozenset({"from", "relative", "star"})


def sound(program: Program) -> bool:
    """Whether no import can meet a half-done module that it cannot use."""
    items = {(key, item.id): item for key, module in program.items() for item in module.items}
    edges: dict[str, set[str]] = {key: set() for key in program}
    delicate: list[tuple[str, str]] = []
    for (key, _), item in items.items():
        for ref in item.refs:
            if ref.to not in program:
                continue
            if _imported_with_module(ref):
                edges[key] |= {ref.to, *_above(program, ref.to, key)}
                if ref.style in _BINDS_NAMES or KINDS[item.kind].at_import or ref.role in (BASE, DECORATOR):
                    delicate.append((key, ref.to))
        if item.kind == "constant":
            for called in _called(item, items):
                edges[key] |= {called.to, *_above(program, called.to, key)}
                delicate.append((key, called.to))
                if called.when == THREAD:
                    return False  # it would wait for the thread that waits for it
    reach = {key: _reach(key, edges) for key in program}
    if not _foreseen(program, items, reach):
        return False
    return not any(key in reach[to] for key, to in delicate if not program[to].name.startswith(program[key].name + "."))


def _foreseen(program: Program, items: dict[tuple[str, str], Item], reach: dict[str, set[str]]) -> bool:
    """Whether every computed import happens at once: before that, nobody can know what to keep for it."""
    uses: dict[str, set[str]] = {key: set() for key in program}
    for (key, _), item in items.items():
        uses[key] |= {ref.to for ref in item.refs if ref.to in program}
    for (key, _), item in items.items():
        if not any(ref.style == "computed" for ref in item.refs if ref.to in program):
            continue
        if any(ref.style == "computed" and ref.when == LATE for ref in item.refs) or item.kind == "finalizer":
            return False
        for entry in program.keys() & set(ENTRIES):
            if key != entry and key in _reach(entry, uses) and key not in reach[entry]:
                return False
    return True


def _imported_with_module(ref: Ref) -> bool:
    return moment(ref) in (TOP, BODY)


def _called(item: Item, items: dict[tuple[str, str], Item]) -> Iterator[Ref]:
    """What a call of the item, with ``n`` nought, goes through."""
    for ref in item.refs:
        if ref.when != LATE and (ref.to, ref.item) in items:
            yield ref
            yield from _called(items[ref.to, ref.item], items)


def _above(program: Program, key: str, importer: str) -> set[str]:
    """The packages that an import of the module executes, and that are not the importer's own."""
    name, own = program[key].name, program[importer].name
    return {
        other
        for other, module in program.items()
        if name.startswith(module.name + ".") and not f"{own}.".startswith(module.name + ".")
    }


def _reach(start: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    work = [start]
    while work:
        for other in edges[work.pop()]:
            if other not in found:
                found.add(other)
                work.append(other)
    return found
