"""One object for one closure, over all modules and generations; and state that outlives any number of reloads."""

from __future__ import annotations

import pytest

from hotd.loading import Generation, Loader, Pool
from tests.integration.loading.conftest import Open, Ops

RELOADS = 50
ENTRY = "import helper\nSTEP = {step}\n\n\ndef work():\n    helper.DONE.append(STEP)\n    return helper.VERSION\n"


def entry(step: int) -> str:
    return ENTRY.format(step=step)


@pytest.fixture
def modules(ops: Ops, open_loader: Open) -> dict[str, Loader]:
    """Three hosted modules over one helper, which imports something itself."""
    ops.write(helper="import deep\nVERSION = 1\nDONE = []\n", deep="COUNT = [0]\n")
    ops.write(**{name: entry(0) for name in "abc"})
    pool = Pool()
    found = {name: open_loader(pool=pool) for name in "abc"}
    for name, loader in found.items():
        loader.load(name)
    return found


def current(loader: Loader) -> Generation:
    assert loader.current is not None
    return loader.current


def test_one_digest_is_one_object_over_all_modules_and_generations(ops: Ops, modules: dict[str, Loader]) -> None:
    """Whoever asks, in whichever generation, gets the same helper: no copy of it is ever made."""
    helper, deep = current(modules["a"]).module("helper"), current(modules["a"]).module("deep")
    generations = [current(loader) for loader in modules.values()]
    for step in range(1, 6):
        for name, loader in modules.items():
            ops.write(**{name: entry(step)})
            generations.append(loader.reload())

    assert len({id(generation) for generation in generations}) == 18
    assert {id(generation.module("helper")) for generation in generations} == {id(helper)}
    assert {id(generation.module("deep")) for generation in generations} == {id(deep)}


def test_state_of_what_is_not_affected_survives_any_number_of_reloads(ops: Ops, modules: dict[str, Loader]) -> None:
    """A cache, a counter, a connection: it stays in the module that does not change, while its users do."""
    loader = modules["a"]
    for step in range(1, RELOADS + 1):
        ops.write(a=entry(step))
        generation = loader.reload([ops.root / "a.py"])
        generation.module("a").work()
        generation.module("deep").COUNT[0] += 1

    done = current(loader).module("helper").DONE
    assert current(loader).number == RELOADS + 1
    assert done == list(range(1, RELOADS + 1))
    assert current(modules["b"]).module("deep").COUNT == [RELOADS]


def test_a_module_that_stays_keeps_its_own_helper_while_another_moves_on(ops: Ops, modules: dict[str, Loader]) -> None:
    """Pinned beside moving: each calls the helper it was loaded with, with that helper's state, for ever."""
    pinned, moving = modules["a"], modules["b"]
    old = current(pinned).module("helper")
    for version in range(2, 12):
        ops.write(helper=f"import deep\nVERSION = {version}\nDONE = []\n")
        assert moving.reload().module("b").work() == version
        assert current(pinned).module("a").work() == 1

    assert current(pinned).module("helper") is old
    assert old.DONE == [0] * 10
    assert current(moving).module("helper").DONE == [0]
    assert current(moving).module("deep") is current(pinned).module("deep"), "what is below both is one object still"


def test_who_follows_later_takes_the_object_that_is_there(ops: Ops, modules: dict[str, Loader]) -> None:
    """The second module to reload executes nothing of what the first already did."""
    ops.write(helper="import deep\ndeep.COUNT[0] += 1\nVERSION = 2\nDONE = []\n")
    versions = [loader.reload().module("helper") for loader in modules.values()]

    assert {id(version) for version in versions} == {id(versions[0])}
    assert current(modules["c"]).module("deep").COUNT == [1]
