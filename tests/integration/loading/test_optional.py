"""Imports that a program can do without, and files that this Python cannot read."""

from __future__ import annotations

import sys

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Loader
from tests.integration.loading.conftest import Ops

LAZY = """
import importlib
NAMES = ["a"]
def __getattr__(name):
    if name in NAMES: return importlib.import_module("p." + name)
    raise AttributeError(name)
"""
GATED = "import sys\nif sys.version_info {compare} (3, 0):\n    from other import k\nelse:\n    k = 0\n"


def test_a_file_for_another_python_is_missed_when_it_is_executed(ops: Ops, loader: Loader) -> None:
    """Nobody minds it while a condition keeps it out; the edit that asks for it is refused, and says which file."""
    ops.write(m=GATED.format(compare="<"), other="print 'two'\n")
    assert loader.load("m").module("m").k == 0
    ops.write(m=GATED.format(compare=">"))

    with pytest.raises(LoadRejected) as caught:
        loader.reload()

    assert caught.value.code == "syntax-error"
    assert (caught.value.file, caught.value.line) == (str(ops.root / "other.py"), 1)
    ops.write(other="k = 2\n")
    assert loader.reload().module("m").k == 2


def test_a_new_file_that_is_no_code_is_told_before_anything_runs(ops: Ops, loader: Loader) -> None:
    """A typo in a file that is imported for sure, or by a function, costs no side effect."""
    ops.write(m="X = 1\n")
    loader.load("m")
    for text in ("import new\n", "def f(): import new\n", "if 0 > 1: import new\nimport new\n"):
        ops.write(m=f"import sys\nsys.it_ran = 1\n{text}", new="k = = 1\n")

        with pytest.raises(LoadRejected) as caught:
            loader.reload()

        assert caught.value.code == "syntax-error"
    assert not hasattr(sys, "it_ran")


def test_what_was_code_once_must_stay_code(ops: Ops, loader: Loader) -> None:
    """A condition around the import excuses no edit that breaks a file which was read before."""
    ops.write(m=GATED.format(compare="<"), other="k = 1\n")
    loader.load("m")
    ops.write(other="k = = 2\n")

    with pytest.raises(LoadRejected, match=r"other\.py line 1"):
        loader.reload()


def test_an_undecodable_file_that_nobody_executes_is_no_concern(ops: Ops, loader: Loader) -> None:
    """Nor does it break what shows tracebacks of the others, or the edit that empties it."""
    ops.write(m=GATED.format(compare="<"))
    (ops.root / "other.py").write_bytes(b"x = '\xff'\n")
    g1 = loader.load("m")

    ops.write(other="")
    assert loader.reload().parts == g1.parts == ("m", "other")


def test_a_guarded_import_falls_back_when_its_file_goes(ops: Ops, loader: Loader) -> None:
    """And comes back with it; unguarded, the file is missed."""
    text = "try:\n    import fast as impl\nexcept ImportError:\n    impl = None\n"
    path = ops.write(m=text, fast="k = 1\n")[1]
    assert loader.load("m").module("m").impl.k == 1

    for version in (1, 2):  # the content it had, and another one
        path.unlink()
        assert loader.reload([path]).module("m").impl is None
        ops.write(fast=f"k = {version}\n")
        assert loader.reload([path]).module("m").impl.k == version
    ops.write(m="import fast as impl\n")
    loader.reload()

    path.unlink()
    with pytest.raises(LoadRejected) as caught:
        loader.reload([path])
    assert caught.value.code == "source-missing"


def test_a_submodule_that_goes_is_missed_also_where_its_package_stays(ops: Ops, loader: Loader) -> None:
    """What older code still has is no attribute of the package for new code, nor found beside it."""
    guarded = "try:\n    from p import gone\nexcept ImportError:\n    gone = None\n"
    ops.write(m=f"from p import stays\n{guarded}", p__="", p__stays="", p__gone="X = 1\n")
    before = loader.load("m")
    assert before.module("m").gone.X == 1
    (ops.root / "p" / "gone.py").unlink()

    after = loader.reload()

    assert after.module("m").gone is None
    assert before.run(lambda: before.module("m").gone.X) == 1
    ops.write(p__gone="X = 3\n")
    assert loader.reload().module("m").gone.X == 3


def test_submodules_that_a_package_loads_by_a_table_belong_to_it(ops: Ops, loader: Loader) -> None:
    """A package with a ``__getattr__`` and names in a list is executed again when one of those changes; no other is."""
    ops.write(p__=LAZY, p__a="v = 1\n", p__b="")
    ops.write(m="import p, q\n", q__="NAMES = ['a']\n", q__a="v = 1\n")
    g1 = loader.load("m")

    assert g1.parts == ("m", "p", "p.a", "q")
    assert "q.a" not in loader.reload(ops.write(q__a="v = 2\n")).parts
    assert loader.plan(ops.write(p__a="v = 2\n")).kept == ("p.a", "q")


def test_a_folder_that_a_package_adds_to_its_path_is_watched(ops: Ops, loader: Loader) -> None:
    """``__path__.append`` of a folder that the text names; and a bundle brings it back."""
    ops.write(
        m="from p import deep\nV = deep.v\n", p__="import os\n__path__ += [os.path.join(__path__[0], '_vendor')]\n"
    )
    path = ops.write_file("p/_vendor/deep.py", "v = 1\n")
    g1 = loader.load("m")
    bundle = loader.bundle(g1)

    assert loader.touched_by([str(path)])
    ops.write_file("p/_vendor/deep.py", "v = 2\n")
    assert loader.reload([path]).module("m").V == 2
    candidate = loader.restore(bundle)
    assert candidate.module("m").V == 1


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("edits", [0, 1, 2])
def test_an_optional_submodule_that_goes_is_gone_for_new_code(ops: Ops, loader: Loader, edits: int, kept: bool) -> None:
    """Its package stays, and older generations have it still: new code is not given theirs."""
    source = (
        "try:\n    from pkg import extra\nexcept ImportError:\n    extra = None\ndef has(): return extra and extra.V\n"
    )
    (_, _, extra) = ops.write(m=source, pkg__="", pkg__extra="V = 0\n")
    older = [loader.load("m")]
    for version in range(1, edits + 1):
        ops.write(pkg__extra=f"V = {version}\n")
        older.append(loader.reload([extra]))
    had = older[-1]
    if not kept:
        older.clear()
    extra.unlink()

    new = loader.reload([extra])

    assert new.module("m").has() is None
    assert had.module("m").has() == edits
    ops.write(pkg__extra="V = 9\n")
    assert loader.reload([extra]).module("m").has() == 9
    assert new.module("m").has() is None
