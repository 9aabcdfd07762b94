"""Random programs, random edits, and a model that says what every generation must see."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Loader
from tests.integration.loading.conftest import Ops

Model = dict[str, tuple[int, tuple[str, ...]]]
"""Module -> its own number, and what it imports."""
STYLES: tuple[Callable[[str], str], ...] = (
    lambda name: f"import {name} as _{name.replace('.', '_')}",
    lambda name: f"from {name} import total as _t_{name.replace('.', '_')}",
    lambda name: f"def _lazy_{name.replace('.', '_')}():\n    import {name}",
)


def names(count: int) -> list[str]:
    return [f"pkg.s{number}" if number % 3 == 0 else f"mod{number}" for number in range(count)]


def source(name: str, model: Model) -> str:
    """A module whose ``total()`` is its own number and everything that it imports, found by lazy imports."""
    own, imports = model[name]
    style = random.Random(f"{name}{own}")
    lines = [style.choice(STYLES)(other) for other in imports]
    lines += [f"OWN = {own}", "S = []", "def total(seen=None):", "    seen = set() if seen is None else seen"]
    lines += [f"    if {name!r} in seen: return 0", f"    seen.add({name!r})", "    n = OWN"]
    for other in imports:
        lines += [f"    from {other} import total as t", "    n += t(seen)"]
    return "\n".join([*lines, "    return n", ""])


def closure(name: str, model: Model) -> set[str]:
    found = {name}
    work = [name]
    while work:
        for other in model[work.pop()][1]:
            if other not in found:
                found.add(other)
                work.append(other)
    return found


def total(name: str, model: Model) -> int:
    return sum(model[one][0] for one in closure(name, model))


def write(ops: Ops, name: str, text: str) -> str:
    return str(ops.write_file(name.replace(".", "/") + ".py", text))


@pytest.mark.parametrize("seed", range(12))
def test_every_generation_sees_its_own_program_for_ever(ops: Ops, loader: Loader, seed: int) -> None:
    """Edits, broken edits and undos: new code sees the new program, old code its own, what is unaffected is kept."""
    chance = random.Random(seed)
    known = names(14)
    ops.write_file("pkg/__init__.py", "")

    def imports(name: str) -> tuple[str, ...]:
        # Later ones only, and now and then any: then there are cycles, which lazy imports make harmless.
        later = known[known.index(name) + 1 :]
        return tuple(sorted(set(chance.sample(later, min(len(later), chance.randrange(4))))))

    model: Model = {name: (chance.randrange(1000), imports(name)) for name in known}
    for name in known:
        write(ops, name, source(name, model))
    entry = known[0]
    history = [(loader.load(entry), dict(model))]
    for _ in range(25):
        before = loader.current
        assert before is not None
        base = next(one for generation, one in history if generation is before)
        edited = chance.sample(known, chance.randrange(1, 4))
        model = dict(model)
        paths = []
        for name in edited:
            model[name] = (chance.randrange(1000), imports(name) if chance.random() < 0.4 else model[name][1])
            paths.append(write(ops, name, source(name, model)))
        if chance.random() < 0.2:
            broken = chance.choice(sorted(closure(entry, model)))
            write(ops, broken, "x = = 1\n")
            with pytest.raises(LoadRejected):
                loader.reload([*paths, ops.root / (broken.replace(".", "/") + ".py")])
            assert loader.current is before
            paths = [write(ops, broken, source(broken, model))]
        generation = loader.reload(paths if chance.random() < 0.7 else None)
        if generation is before:
            continue
        history.append((generation, dict(model)))
        check_identity(before.module, base, generation.module, model, entry)
        for one, then in history:
            assert one.module(entry).total() == total(entry, then), f"g{one.number}"
        if chance.random() < 0.1:
            loader.promote(chance.choice(history)[0])


def check_identity(
    before: Callable[[str], object], base: Model, after: Callable[[str], object], model: Model, entry: str
) -> None:
    """A module is the same object exactly if nothing in its closure changed."""
    for name in closure(entry, base) & closure(entry, model):
        same = all(base.get(one) == model[one] for one in closure(name, model))
        assert (before(name) is after(name)) == same, name
