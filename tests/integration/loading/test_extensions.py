"""Native code under the roots: loaded once, never again, and noticed when it appears."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from hotd.contract.errors import MissingDependency
from hotd.loading import Avoided, Loader
from tests.integration.loading.conftest import Open, Ops
from tests.support.extensions import build


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What was imported for good is forgotten again, for the tests that follow."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"fast", "pkg"}:
            del sys.modules[name]


def test_native_code_that_changes_makes_no_generation(ops: Ops, loader: Loader) -> None:
    """Old and new code go on with the one module that was loaded, whatever the file is by then."""
    path = build(ops.root, "fast", 1)
    ops.write(m="import fast\nV = 1\n")
    old = loader.load("m")
    build(ops.root, "fast", 2)

    assert loader.reload([path]) is loader.reload() is old
    ops.write(m="import fast\nV = 2\n")
    new = loader.reload()
    path.unlink()
    ops.write(m="import fast\nV = 3\n")
    newest = loader.reload()

    assert [g.module("m").fast.VERSION for g in (old, new, newest)] == [1, 1, 1]
    assert old.module("m").fast is new.module("m").fast is newest.module("m").fast is sys.modules["fast"]


def test_native_code_in_a_package_is_one_module_for_all_generations(ops: Ops, loader: Loader) -> None:
    """The package is executed again, what is compiled in it is not."""
    ops.write(m="import pkg.fast\nV = pkg.fast.VERSION\n", pkg__="X = 1\n")
    build(ops.root / "pkg", "fast", 1)
    old = loader.load("m")
    build(ops.root / "pkg", "fast", 2)
    ops.write(pkg__="X = 2\n")
    new = loader.reload()

    assert new is not old
    assert [g.module("m").V for g in (old, new)] == [1, 1]
    assert new.module("pkg").fast is old.module("pkg").fast


def test_native_code_that_is_built_at_last_is_used(ops: Ops, loader: Loader) -> None:
    """Who could do without it so far is executed again, and can do with it."""
    ops.write(m="try:\n    from fast import VERSION\nexcept ImportError:\n    VERSION = None\n")
    old = loader.load("m")
    path = build(ops.root, "fast", 1)

    assert loader.touched_by([path])
    new = loader.reload([path])

    assert [g.module("m").VERSION for g in (old, new)] == [None, 1]
    assert loader.reload() is new


def test_a_load_that_lacked_native_code_is_tried_again_when_it_is_there(ops: Ops, loader: Loader) -> None:
    """Also by who must not execute again what was refused: with the file it is another content."""
    ops.write(m="import fast\n")
    with pytest.raises(MissingDependency) as refused:
        loader.load("m")
    refuse = {refused.value.digest: refused.value.carried}
    with pytest.raises(Avoided):
        loader.stage(avoid=refuse, entry="m")
    path = build(ops.root, "fast", 1)

    assert loader.touched_by([path])
    assert loader.promote(loader.stage([path], avoid=refuse, entry="m")).module("m").fast.VERSION == 1


def test_a_bundle_knows_what_was_native(ops: Ops, open_loader: Open) -> None:
    """Loaded from its bundle it is the same code, and shared with what is in service, wherever the native file is."""
    path = build(ops.root, "fast", 1)
    ops.write(m="import n\nV = 1\n", n="import fast\n")
    loader = open_loader()
    old = loader.load("m")
    bundle = loader.bundle(old)
    ops.write(m="import n\nV = 2\n")
    new = loader.reload()
    path.unlink()

    again = loader.promote(loader.restore(bundle))

    assert (again.digest, bundle.extensions) == (old.digest, ("fast",))
    assert again.module("n") is new.module("n")
    assert again.module("m").V == 1
