"""Programs out of thin air."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.oracle.kinds import KINDS
from tests.oracle.program import (
    BODY,
    CALL,
    ENTRIES,
    LATE,
    NAMESPACE,
    PACKAGE,
    THREAD,
    TOP,
    VALUE,
    Item,
    Module,
    Program,
    Ref,
    items_of,
)
from tests.oracle.soundness import sound
from tests.oracle.spelling import BY_LUCK, STYLES

LUCKLESS = tuple(style for style in STYLES if style not in BY_LUCK)
IN_A_BODY = ("as", "plain", "parent", "from", "relative", "relparent")
MOMENTS = (TOP, TOP, TOP, CALL, CALL, LATE, LATE, THREAD, BODY)
FOLDERS = ((), ("p",), ("p",), ("p", "q"), ("p", "p.s"), ("p", "p.s", "q"))


def make(chance: random.Random, entries: tuple[str, ...]) -> Program:
    """A program in which most of what there is matters to an entry."""
    program: dict[str, Module] = {}
    folders = chance.choice(FOLDERS)
    for name in folders:
        program[name.upper()] = Module(name, chance.choice((PACKAGE, PACKAGE, PACKAGE, NAMESPACE)))
    for key in "abcdefg"[: chance.randrange(3, 7)]:
        package = chance.choice(("", *folders))
        program[key] = Module(f"{package}.m{key}" if package else f"m{key}", exports=chance.random() < 0.2)
    order = list(program)
    chance.shuffle(order)
    for key in order:
        if program[key].form == NAMESPACE:
            continue
        for _ in range(chance.randrange(0 if program[key].form == PACKAGE else 1, 4)):
            program = dict(with_new_item(chance, program, key))
    for entry in entries:
        program[entry] = Module(entry)
        for _ in range(chance.randrange(2, 4)):
            program = dict(with_new_item(chance, program, entry))
        for key in order:
            if chance.random() < 0.8 and not _used(program, key):
                program = dict(with_new_item(chance, program, entry, key))
    return program


def with_a_delicate_circle(chance: random.Random, program: Program) -> Program:
    """Two modules that import names of each other: it works as long as the right one is entered first."""
    keys = [key for key, module in program.items() if key not in ENTRIES and any(map(_is_early, module.items))]
    if len(keys) < 2:
        return program
    first, second = chance.sample(keys, 2)
    given, back = (next(filter(_is_early, program[key].items)) for key in (first, second))
    styles = ("from", "relative", "star")
    program = _inserted(program, second, chance, Ref(first, given.id, style=chance.choice(styles)), front=True)
    program = _inserted(program, first, chance, Ref(second, back.id, style=chance.choice(styles)))
    return _inserted(
        program, ENTRIES[0], chance, Ref(first, given.id, when=chance.choice((TOP, TOP, CALL))), front=True
    )


def _is_early(item: Item) -> bool:
    """Whether what it offers is there as soon as the module's own level came by."""
    return item.kind != "getattr"


def _inserted(program: Program, key: str, chance: random.Random, ref: Ref, *, front: bool = False) -> Program:
    rank = 1 + max(item.rank for _, item in items_of(program))
    item = Item(f"i{rank}", "function", chance.randrange(100, 1000), (ref,))
    module = program[key]
    items = (item, *module.items) if front else (*module.items, item)
    return {**program, key: replace(module, items=items)}


def with_new_item(chance: random.Random, program: Program, key: str, toward: str | None = None) -> Program:
    """One more item in the module; one that refers to another module, if that is given."""
    for _ in range(20):
        item = new_item(chance, program, key, toward)
        module = program[key]
        found = {**program, key: replace(module, items=(*module.items, item))}
        if sound(found):
            return found
    return program


def new_item(chance: random.Random, program: Program, key: str, toward: str | None = None) -> Item:
    """An item that the module could have."""
    rank = 1 + max((item.rank for _, item in items_of(program)), default=0)
    kind = chance.choice(list(KINDS))
    there = [(other, item) for other, item in items_of(program) if other != key]
    near = [(other, item) for other, item in there if other == toward] if toward else there
    refs: list[Ref] = []
    for role in KINDS[kind].wants:
        fitting = [(other, item) for other, item in near if role in KINDS[item.kind].offers]
        if fitting and (KINDS[kind].needs or chance.random() < 0.8):
            refs.append(_ref(chance, kind, role, *chance.choice(fitting)))
    if KINDS[kind].needs and not refs:
        kind = "function"
    count = chance.choice((0, 1, 1, 1, 2)) if not toward or refs else 1
    refs.extend(_ref(chance, kind, VALUE, *chance.choice(near)) for _ in range(count if near else 0))
    return Item(f"i{rank}", kind, chance.randrange(100, 1000), tuple(refs))


def _ref(chance: random.Random, kind: str, role: str, key: str, item: Item) -> Ref:
    return styled(chance, kind, Ref(key, item.id, role))


def styled(chance: random.Random, kind: str, ref: Ref) -> Ref:
    """The reference spelled in some way that its use allows."""
    if KINDS[kind].at_import:
        return replace(ref, style=chance.choice(LUCKLESS), when=TOP)
    if ref.role != VALUE:
        return replace(ref, style=chance.choice(LUCKLESS), when=chance.choice((TOP, CALL)))
    when = chance.choice(MOMENTS)
    return replace(ref, style=chance.choice(IN_A_BODY if when == BODY else STYLES), when=when)


def _used(program: Program, key: str) -> bool:
    return any(ref.to == key for _, item in items_of(program) for ref in item.refs)
