"""What was loaded once is loaded again from its bundle, whatever became of the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hotd.contract.errors import LoadRejected
from hotd.core.bundle import Bundle, BundleFile
from hotd.loading import Loader
from tests.integration.loading.conftest import Open, Ops


def everything(ops: Ops) -> None:
    ops.write(
        m="""
            import pkg, importlib
            from pkg.sub import value
            import space.leaf
            def lazy():
                import later
                return later.X
            def plug(name): return importlib.import_module("plug" + name).X
            """,
        pkg__="from . import sub\n",
        pkg__sub="from .other import X\nvalue = X\n",
        pkg__other="X = 'one'\n",
        space__leaf="X = 'leaf'\n",
        later="X = 'later'\n",
        plug1="X = 'plug'\n",
    )


def test_a_generation_comes_back_though_its_files_are_gone(ops: Ops, open_loader: Open) -> None:
    """An undo to a retired generation, or a start, needs the store and nothing else: same code, number and digest."""
    everything(ops)
    with Loader([ops.root]) as before:
        g1 = before.load("m")
        bundle = before.bundle(g1)
        g1.module("m").lazy()
    shutil.rmtree(ops.root)
    ops.root.mkdir()

    loader = open_loader()
    candidate = loader.restore(bundle, number=7)
    again = loader.promote(candidate)

    assert (again.digest, again.number, loader.bundle(again)) == (bundle.digest, 7, bundle)
    module = again.module("m")
    assert (module.value, module.space.leaf.X, module.lazy()) == ("one", "leaf", "later")
    assert module.__file__ == str(ops.root / "m.py")
    ops.write(m="X = 2\n")
    assert loader.reload().number == 8


def test_what_is_in_service_is_shared_with_what_comes_back(ops: Ops, loader: Loader) -> None:
    """State in parts that did not change survives an undo from the store."""
    ops.write(m="import model\nX = 1\n", model="S = []\n")
    old = loader.bundle(loader.load("m"))
    model = loader.reload().module("model")
    ops.write(m="import model\nX = 2\n")
    loader.reload()

    back = loader.promote(loader.restore(old, number=1))

    assert back.module("m").X == 1
    assert back.module("model") is model


def test_what_runs_already_is_not_loaded_again(ops: Ops, loader: Loader) -> None:
    """The bundle of what is current changes nothing."""
    ops.write(m="X = 1\n")
    g1 = loader.load("m")

    assert loader.restore(loader.bundle(g1)).generation is g1


def test_the_disk_counts_as_not_looked_at(ops: Ops, open_loader: Open) -> None:
    """After a start from the store, one named file is enough to find all that changed while the daemon was away."""
    ops.write(m="import a, b\n", a="X = 1\n", b="X = 1\n")
    with Loader([ops.root]) as before:
        bundle = before.bundle(before.load("m"))
    paths = ops.write(a="X = 2\n", b="X = 2\n")
    loader = open_loader()
    loader.promote(loader.restore(bundle, number=1))

    new = loader.reload(changed=paths[:1])

    assert (new.module("a").X, new.module("b").X) == (2, 2)


def test_an_unchanged_disk_is_unchanged_after_a_start(ops: Ops, open_loader: Open) -> None:
    """Equal bytes are the same generation, wherever they came from."""
    everything(ops)
    with Loader([ops.root]) as before:
        bundle = before.bundle(before.load("m"))
    loader = open_loader()
    g1 = loader.promote(loader.restore(bundle, number=1))

    assert loader.reload() is g1


def test_names_that_only_running_told_belong_to_the_bundle(ops: Ops, open_loader: Open) -> None:
    """A plug-in found by a computed name is in the digest of the next generation, and in its bundle."""
    everything(ops)
    with Loader([ops.root]) as before:
        before.load("m").module("m").plug("1")
        ops.write(pkg__other="X = 'two'\n")
        bundle = before.bundle(before.reload())
    (ops.root / "plug1.py").unlink()
    loader = open_loader()

    back = loader.promote(loader.restore(bundle, number=2))

    assert bundle.carried == (("m", "plug1"),)
    assert loader.bundle(back) == bundle
    assert back.module("m").plug("1") == "plug"


def test_a_plugin_that_came_later_is_found_by_restored_code(ops: Ops, open_loader: Open) -> None:
    """Code that was restored and code that was loaded look for what they never saw in the same place: the disk."""
    everything(ops)
    with Loader([ops.root]) as before:
        bundle = before.bundle(before.load("m"))
    loader = open_loader()
    back = loader.promote(loader.restore(bundle, number=1))
    ops.write(plug2="X = 'new'\n")

    assert back.module("m").plug("2") == "new"


def test_several_roots_keep_their_places(ops: Ops, open_loader: Open, tmp_path: Path) -> None:
    """A namespace package over two roots comes back as it was."""
    one, two = tmp_path / "one", tmp_path / "two"
    ops.write_file("one/m.py", "import ns.a, ns.b\nX = ns.a.X + ns.b.X\n")
    ops.write_file("one/ns/a.py", "X = 1\n")
    ops.write_file("two/ns/b.py", "X = 2\n")
    with Loader([one, two]) as before:
        bundle = before.bundle(before.load("m"))
    shutil.rmtree(one)
    shutil.rmtree(two)

    back = open_loader([one, two]).restore(bundle)

    assert back.module("m").X == 3
    assert list(back.module("ns").__path__) == [str(one / "ns"), str(two / "ns")]
    assert {(file.root, file.path) for file in bundle.files} == {(0, "m.py"), (0, "ns/a.py"), (1, "ns/b.py")}


def test_what_cannot_be_restored_changes_nothing(ops: Ops, loader: Loader, tmp_path: Path) -> None:
    """Other roots, a bundle without its entry, code that raises: a refusal with the reason."""
    ops.write(m="X = 1\n")
    g1 = loader.load("m")
    of_more_roots = Bundle("d" * 64, ("m",), (BundleFile("m.py", b"", 3),))
    empty = Bundle("d" * 64, ("m",), ())
    broken = Bundle("d" * 64, ("m",), (BundleFile("m.py", b"x = = 1\n"),))
    raising = Bundle("d" * 64, ("m",), (BundleFile("m.py", b"1 / 0\n"),))

    for bundle, words in ((of_more_roots, "more roots"), (empty, "has no m"), (broken, "line 1"), (raising, "Zero")):
        with pytest.raises(LoadRejected, match=words) as refused:
            loader.restore(bundle)
        assert refused.value.digest == "d" * 64
    assert loader.current is g1
