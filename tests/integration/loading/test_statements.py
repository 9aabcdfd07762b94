"""Import statements that run again and again, and submodules as attributes of their package."""

from __future__ import annotations

import builtins
import gc
import sys
import weakref
from types import ModuleType

import pytest

from hotd.contract.errors import ImportRejected
from hotd.loading import Loader
from tests.integration.loading.conftest import Ops

STYLES = {
    "import x": "x",
    "import x as y": "y",
    "import pk.b": "pk.b",
    "from pk import b": "b",
    "from pk import b, LATE": "b",
    "from pk.b import NAME": "NAME",
    "import os.path": "os.path",
    "from os import path": "path",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_statement_gives_the_same_however_often_it_runs(ops: Ops, loader: Loader, style: str) -> None:
    """The hundredth run of an import statement inside a function gives what the first one gave."""
    ops.write(
        m=f"def look():\n    {style}\n    return {STYLES[style]}\n",
        x="", pk__="LATE = 1\n", pk__b="NAME = object()\n",
    )  # fmt: skip
    look = loader.load("m").module("m").look
    first = look()
    assert all(look() is first for _ in range(5))


def test_the_function_itself_answers_as_the_interpreters_own_does(ops: Ops, loader: Loader) -> None:
    """``__import__`` called by hand takes lists, and raises TypeError for what is no name."""
    ops.write(m="import pk.b\ndef ask(*args): return __import__(*args)\n", pk__="", pk__b="NAME = 1\n")
    generation = loader.load("m")
    ask, pk, b = (generation.module("m").ask, generation.module("pk"), generation.module("pk.b"))
    for _ in range(2):
        assert ask("pk.b") is pk
        assert ask("pk.b", {}, {}, ["NAME"]) is b
        assert ask("pk.b", {}, {}, ("NAME",)) is b
        assert ask("pk", None, None, ("b",)) is pk
    nonsense: tuple[object, ...] = (3, [], None)
    for wrong in nonsense:
        with pytest.raises(TypeError):
            ask(wrong)
    with pytest.raises(ValueError, match=r"[Ee]mpty module name"):
        ask("")


def test_a_type_error_of_what_is_imported_comes_out(ops: Ops, loader: Loader) -> None:
    """Whatever a module raises while it is imported comes out of the statement, and it was executed once for it."""
    ops.write(
        m="""
        import os
        COUNT = []
        def look(): import bad
        def ask(): from os import nothing
        """,
        bad="import m\nm.COUNT.append(1)\nraise TypeError('mine')\n",
    )
    m = loader.load("m").module("m")
    for runs in (1, 2):
        with pytest.raises(TypeError, match="mine"):
            m.look()
        assert len(m.COUNT) == runs
        with pytest.raises(ImportError, match="nothing"):
            m.ask()


def test_a_name_that_appears_is_found_by_the_next_run_of_the_statement(ops: Ops, loader: Loader) -> None:
    """``from package import name`` sees an attribute that was set after the statement failed once."""
    ops.write(m="import pk\ndef look():\n    from pk import late\n    return late\n", pk__="")
    m = loader.load("m").module("m")
    with pytest.raises(ImportError):
        m.look()
    m.pk.late = 5
    assert m.look() == 5


def test_a_refused_candidate_is_not_remembered_by_code_it_shares(ops: Ops, loader: Loader) -> None:
    """A shared module that imported a part of a refused candidate by a computed name imports afresh afterwards."""
    ops.write(m="import util\n", util="def get(name): return __import__('pl' + name)\n")
    util = loader.load("m").module("util")
    ops.write(m="import util\nutil.get('ug')\nraise RuntimeError\n", plug="")
    with pytest.raises(ImportRejected):
        loader.reload()
    ops.write(m="import util\nSEEN = util.get('ug').V\n", plug="V = 2\n")
    assert loader.reload().module("m").SEEN == 2
    assert loader.current is not None
    assert loader.current.module("util") is util


def test_a_submodule_that_its_package_does_not_import_is_that_of_the_asker(ops: Ops, loader: Loader) -> None:
    """``pkg.sub`` is each generation's own, and for outside code the head's, though the package is one object."""
    ops.write(m="import pk.b\ndef see(): return pk.b.V\n", pk__="def __getattr__(name): raise AttributeError(name)\n")
    ops.write(pk__b="V = 1\n")
    old = loader.load("m").module("m")
    assert old.see() == old.pk.b.V == 1
    ops.write(pk__b="V = 2\n")
    new = loader.reload().module("m")
    assert new.pk is old.pk
    assert (new.see(), old.see(), new.pk.b.V) == (2, 1, 2)


def test_a_submodule_is_a_plain_attribute_while_there_is_only_one(ops: Ops, loader: Loader) -> None:
    """A call through a package costs nothing extra, but for as long as code of two generations may mean two things."""
    ops.write(m="import pk.b\ndef see(): return pk.b.V\n", pk__="", pk__b="V = 1\n")
    old = loader.load("m").module("m")
    assert old.see() == old.see() == 1
    pk = old.pk
    assert type(pk) is ModuleType
    assert vars(pk)["b"].V == 1

    path = ops.write(pk__b="V = 2\n")
    new = loader.reload(path).module("m")
    assert "b" not in vars(pk)
    assert (new.see(), old.see(), new.see()) == (2, 1, 2)

    del old
    gc.collect()
    assert new.see() == 2
    assert type(pk) is ModuleType
    assert vars(pk)["b"].V == 2


def test_a_submodule_that_is_imported_late_is_the_importers(ops: Ops, loader: Loader) -> None:
    """Also if the code that imports it inside a function does so after the swap, while old code lives on."""
    ops.write(m="def see():\n    import pk.b\n    return pk.b.V\n", pk__="", pk__b="V = 1\n")
    old = loader.load("m").module("m")
    assert old.see() == 1
    new = loader.reload(ops.write(pk__b="V = 2\n")).module("m")
    assert (new.see(), old.see(), new.see()) == (2, 1, 2)


def test_a_package_lets_go_of_a_submodule_that_is_not_imported_any_more(ops: Ops, loader: Loader) -> None:
    """What a package was lent does not stay in memory for that."""
    ops.write(m="import pk.b\ndef see(): return pk.b\n", pk__="", pk__b="")
    m = loader.load("m").module("m")
    gone = weakref.ref(m.see())
    pk = m.pk
    del m
    loader.reload(ops.write(m="import pk\n"))
    gc.collect()
    assert gone() is None
    assert not hasattr(pk, "b")


def test_a_package_lets_go_of_the_submodules_of_a_refused_candidate(ops: Ops, loader: Loader) -> None:
    """Nor does what only a refused candidate imported."""
    ops.write(m="import pk\n", pk__="", pk__b="class Mark: pass\n")
    pk = loader.load("m").module("m").pk
    ops.write(m="import pk.b\nassert pk.b and pk.b\nraise RuntimeError\n")
    with pytest.raises(ImportRejected):
        loader.reload()
    gc.collect()
    assert not hasattr(pk, "b")
    assert "pk.b" not in sys.modules


def test_an_undo_brings_each_generation_its_own_submodule(ops: Ops, loader: Loader) -> None:
    """Back and forth, the package is one object, and each generation finds its own."""
    ops.write(m="import pk.b\ndef see(): return pk.b.V\n", pk__="", pk__b="V = 1\n")
    one = loader.load("m")
    two = loader.reload(ops.write(pk__b="V = 2\n"))
    for current, other in ((one, two), (two, one), (one, two)):
        loader.promote(current)
        for _ in range(2):
            seen = [generation.run(generation.module("m").see) for generation in (current, other)]
            assert seen == [1, 2] if current is one else [2, 1]
    assert one.module("pk") is two.module("pk")


def test_a_submodule_that_nobody_imported_is_no_attribute(ops: Ops, loader: Loader) -> None:
    """Being on disk does not make a submodule an attribute of its package; importing it does, at that moment."""
    ops.write(m="import pk\ndef has(): return hasattr(pk, 'b')\ndef get(): import pk.b\n", pk__="", pk__b="")
    m = loader.load("m").module("m")
    assert not m.has()
    m.get()
    assert m.has()


def test_the_packages_own_attribute_goes_before_a_submodule(ops: Ops, loader: Loader) -> None:
    """What is set on a package by hand, a fake in a test say, hides the submodule until it is put back, or deleted."""
    ops.write(m="import pk.b\ndef see(): return pk.b\n", pk__="", pk__b="")
    old = loader.load("m").module("m")
    real = old.see()
    old.pk.b = "fake"
    assert old.see() == "fake"
    old.pk.b = real
    assert old.see() is real

    new = loader.reload(ops.write(pk__b="V = 2\n")).module("m")
    new.pk.b = "fake"
    assert new.see() == old.see() == "fake"
    del new.pk.b
    assert old.see() is real
    assert new.see().V == 2


def test_modules_are_plain_ones(ops: Ops, loader: Loader) -> None:
    """A call across parts costs nothing extra: only in exact modules are attributes looked up at full speed."""
    ops.write(m="import x, pk, pq.b\n", x="", pk__="from . import a\n", pk__a="", pq__="", pq__b="")
    generation = loader.load("m")
    assert {type(generation.module(name)) for name in ("m", "x", "pk", "pk.a", "pq", "pq.b")} == {ModuleType}
    assert generation.module("pq").b is generation.module("pq.b")

    loader.reload(ops.write(pq__b="V = 2\n"))
    assert repr(type(generation.module("pq"))) == repr(ModuleType)  # old and new share it, and each asks for its own


def test_the_interpreters_own_import_is_left_alone(ops: Ops) -> None:
    """Unmanaged code imports through the very function it had before: it pays nothing."""
    before = builtins.__import__
    ops.write(m="import x\n", x="")
    with Loader([ops.root]) as loader:
        loader.load("m")
        assert builtins.__import__ is before
        assert vars(builtins).keys().isdisjoint({"__part__"})


def test_a_package_that_is_executed_again_gets_its_unmanaged_submodule_back(ops: Ops, loader: Loader) -> None:
    """What a process put below a managed package, as an extension does, is an attribute in each generation."""
    stranger = ModuleType("pk.native")
    sys.modules["pk.native"] = stranger
    try:
        ops.write(m="import pk.native\ndef see(): return pk.native\n", pk__="V = 1\n")
        old = loader.load("m").module("m")
        ops.write(pk__="V = 2\n")
        new = loader.reload().module("m")
        assert new.pk is not old.pk
        assert old.see() is new.see() is stranger
        ops.write(pk__="V = 3\n", m="def see():\n    from pk import native\n    return native\n")
        assert loader.reload().module("m").see() is stranger
    finally:
        del sys.modules["pk.native"]
