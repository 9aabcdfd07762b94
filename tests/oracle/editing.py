"""What happens to a program: one edit at a time, each of which somebody does every day."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.oracle.kinds import KINDS
from tests.oracle.making import styled, with_new_item
from tests.oracle.program import (
    BASE,
    ENTRIES,
    MODULE,
    NAMESPACE,
    PACKAGE,
    Item,
    Module,
    Program,
    items_of,
    with_items,
    without,
)
from tests.oracle.soundness import sound
from tests.oracle.writing import text_of

Edit = Callable[[random.Random, Program], Program | None]


def edited(chance: random.Random, history: Sequence[Program], *, gently: bool = False) -> tuple[Program, str]:
    """The next version, and what was done to get it; gently, no import comes, goes or changes its place."""
    now = history[-1]
    if any(module.broken for module in now.values()) and chance.random() < 0.7:
        return {key: replace(module, broken="") for key, module in now.items()}, "mend"
    if len(history) > 2 and chance.random() < 0.12:
        return chance.choice(history[:-1]), "revert"
    if chance.random() < 0.12:
        return broken(chance, now)
    done: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        for _ in range(20):
            edit = chance.choice(GENTLE if gently else EDITS)
            found = edit(chance, now)
            if found is not None and (gently or sound(found)):
                now = found
                done.append(edit.__name__.replace("_", " "))
                break
    return now, ", ".join(done)


def broken(chance: random.Random, program: Program) -> tuple[Program, str]:
    """A version that should not have been saved."""
    key = chance.choice([key for key, module in program.items() if module.form != NAMESPACE])
    other = chance.choice(list(program.values())).name
    how = chance.choice((
        "\nx = = 1\n", "\nraise RuntimeError('broken')\n", "\nimport nobody_has_this\n", "\nraise SystemExit(3)\n",
        f"\nfrom {other} import nobody_has_this\n", "gone",
        f"cut {chance.randrange(len(text_of(program[key], program)))}",
    ))  # fmt: skip
    return {**program, key: replace(program[key], broken=how)}, f"break {program[key].name}: {how.strip()}"


# --- items -----------------------------------------------------------------------------------------------------------


def change_number(chance: random.Random, program: Program) -> Program:
    key, item = chance.choice(list(items_of(program)))
    return _put(program, key, replace(item, number=chance.randrange(100, 1000)))


def respell_import(chance: random.Random, program: Program) -> Program | None:
    having = [(key, item) for key, item in items_of(program) if item.refs]
    if not having:
        return None
    key, item = chance.choice(having)
    refs = list(item.refs)
    at = chance.randrange(len(refs))
    refs[at] = styled(chance, item.kind, refs[at])
    return _put(program, key, replace(item, refs=tuple(refs)))


def change_base(chance: random.Random, program: Program) -> Program | None:
    having = [(key, item) for key, item in items_of(program) if any(ref.role == BASE for ref in item.refs)]
    if not having:
        return None
    key, item = chance.choice(having)
    bases = [
        (other, one)
        for other, one in items_of(program)
        if other != key and one.rank < item.rank and BASE in KINDS[one.kind].offers
    ]
    if not bases:
        return None
    to, base = chance.choice(bases)
    refs = tuple(replace(ref, to=to, item=base.id) if ref.role == BASE else ref for ref in item.refs)
    return _put(program, key, replace(item, refs=refs))


def add_item(chance: random.Random, program: Program) -> Program:
    return with_new_item(chance, program, chance.choice(_having_files(program)))


def add_use(chance: random.Random, program: Program) -> Program:
    """Between any two: it may close a circle, which a later edit may open again."""
    key, other = chance.sample(_having_files(program), 2)
    return with_new_item(chance, program, key, other)


def remove_item(chance: random.Random, program: Program) -> Program:
    _, item = chance.choice(list(items_of(program)))
    return whole(without(program, ids=frozenset({item.id})))


def move_item(chance: random.Random, program: Program) -> Program | None:
    """To another module; everybody who uses it follows."""
    key, item = chance.choice(list(items_of(program)))
    other = chance.choice([one for one in _having_files(program) if one != key])
    if any(ref.to == other for ref in item.refs):
        return None

    def follows(_: str, one: Item) -> Item:
        return replace(one, refs=tuple(replace(r, to=other) if r.item == item.id else r for r in one.refs))

    users = [key for key, one in items_of(program) if any(ref.item == item.id for ref in one.refs)]
    if other in users:
        return None
    module, target = program[key], program[other]
    items = tuple(one for one in module.items if one.id != item.id)
    moved = {**program, key: replace(module, items=items), other: replace(target, items=(*target.items, item))}
    return with_items(moved, follows)


# --- modules ---------------------------------------------------------------------------------------------------------


def shift_lines(chance: random.Random, program: Program) -> Program:
    key = chance.choice(_having_files(program))
    return {**program, key: replace(program[key], lead=chance.randrange(4))}


def toggle_exports(chance: random.Random, program: Program) -> Program:
    key = chance.choice(_having_files(program))
    return {**program, key: replace(program[key], exports=not program[key].exports)}


def add_module(chance: random.Random, program: Program) -> Program:
    number = 0
    while f"n{number}" in program:
        number += 1
    key = f"n{number}"
    found: Program = {**program, key: Module(f"{_some_package(chance, program)}m{key}")}
    user = chance.choice([one for one in _having_files(program) if one != key])
    return with_new_item(chance, with_new_item(chance, found, key), user, key)


def remove_module(chance: random.Random, program: Program) -> Program | None:
    keys = [key for key in program if key not in ENTRIES and not _children(program, key)]
    return whole(without(program, frozenset({chance.choice(keys)}))) if len(keys) > 1 else None


def rename_module(chance: random.Random, program: Program) -> Program | None:
    key = chance.choice([key for key in program if key not in ENTRIES])
    package, _, stem = program[key].name.rpartition(".")
    stem = stem.removesuffix("x") if stem.endswith("x") else f"{stem}x"
    return _named(program, key, f"{package}.{stem}" if package else stem)


def move_module(chance: random.Random, program: Program) -> Program | None:
    key = chance.choice([key for key in program if key not in ENTRIES])
    stem = program[key].name.rpartition(".")[2]
    return _named(program, key, f"{_some_package(chance, program)}{stem}")


def turn_into_package_or_back(chance: random.Random, program: Program) -> Program | None:
    key = chance.choice([key for key, module in program.items() if module.form != NAMESPACE and key not in ENTRIES])
    module = program[key]
    if module.form == PACKAGE and _children(program, key):
        return None
    return {**program, key: replace(module, form=MODULE if module.form == PACKAGE else PACKAGE)}


def turn_into_namespace_or_back(chance: random.Random, program: Program) -> Program | None:
    keys = [key for key, module in program.items() if module.form != MODULE and _children(program, key)]
    if not keys:
        return None
    key = chance.choice(keys)
    if program[key].form == NAMESPACE:
        return {**program, key: replace(program[key], form=PACKAGE)}
    program = whole(without(program, ids=frozenset(item.id for item in program[key].items)))
    return {**program, key: replace(program[key], form=NAMESPACE)}


def touch_nothing(_: random.Random, program: Program) -> Program:
    return program


EDITS: tuple[Edit, ...] = (
    change_number, change_number, change_number, change_number, respell_import, respell_import, change_base, add_item,
    add_use, add_use, remove_item, move_item, shift_lines, toggle_exports, add_module, remove_module, rename_module,
    move_module, turn_into_package_or_back, turn_into_namespace_or_back, touch_nothing,
)  # fmt: skip


GENTLE: tuple[Edit, ...] = (change_number, shift_lines, touch_nothing)


def _put(program: Program, key: str, item: Item) -> Program:
    return with_items(program, lambda where, one: item if where == key and one.id == item.id else one)


def whole(program: Program) -> Program:
    """What is left of a program from which something was taken: who lost what he is nothing without is a function."""

    def kept(_: str, item: Item) -> Item:
        kind = KINDS[item.kind]
        lacks = kind.needs and not any(ref.role in kind.wants for ref in item.refs)
        return replace(item, kind="function", refs=()) if lacks else item

    found = with_items(program, kept)
    return with_items(found, lambda _, item: _offered(found, item))


def _offered(program: Program, item: Item) -> Item:
    """The item without uses that what it refers to does not offer any more."""
    kinds = {(key, one.id): KINDS[one.kind] for key, one in items_of(program)}
    refs = tuple(r for r in item.refs if (kind := kinds.get((r.to, r.item))) is not None and r.role in kind.offers)
    lost = KINDS[item.kind].needs and len(refs) < len(item.refs)
    return replace(item, kind="function" if lost else item.kind, refs=refs)


def _having_files(program: Program) -> list[str]:
    return [key for key, module in program.items() if module.form != NAMESPACE]


def _some_package(chance: random.Random, program: Program) -> str:
    """The start of a name: a package's and a dot, or nothing."""
    return chance.choice(["", *(f"{module.name}." for module in program.values() if module.form != MODULE)])


def _children(program: Program, key: str) -> list[str]:
    start = program[key].name + "."
    return [other for other, module in program.items() if module.name.startswith(start)]


def _named(program: Program, key: str, name: str) -> Program | None:
    """The module and all that is in it under another name."""
    old = program[key].name
    if name == old or f"{name}.".startswith(f"{old}.") or any(module.name == name for module in program.values()):
        return None
    inner = _children(program, key)
    moved = {other: replace(program[other], name=name + program[other].name.removeprefix(old)) for other in inner}
    return {**program, **moved, key: replace(program[key], name=name)}
