"""What the process notices of an open loader."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
import traceback
import weakref
from pathlib import Path
from types import ModuleType

import pytest

from hotd.contract.errors import BadEntry, Busy, LoadRejected, NameTaken
from hotd.loading import Generation, Loader
from tests.integration.loading.conftest import Open, Ops


def test_the_last_loader_to_close_takes_every_hook_away(ops: Ops, open_loader: Open) -> None:
    """Two loaders, closed twice in any order, leave the process as it was."""
    before = list(sys.meta_path), importlib.import_module, threading.Thread.start
    ops.write(m="X = 1\n")
    one, two = open_loader(), open_loader()
    one.load("m")

    one.close()
    assert list(sys.meta_path) != before[0]
    two.close()
    two.close()

    assert (list(sys.meta_path), importlib.import_module, threading.Thread.start) == before
    assert "m" not in sys.modules


def test_a_loader_that_nobody_closed_is_closed_by_the_collector(ops: Ops) -> None:
    """Forgetting one leaves no patch behind."""
    loader = Loader([ops.root])
    del loader
    gc.collect()


def test_a_refusal_keeps_no_frame_that_knows_the_load(ops: Ops, loader: Loader) -> None:
    """Whoever keeps the error keeps text, not the parts that were looked at or made."""
    ops.write(m="X = 1\n")
    loader.load("m")
    for text in ("x = = 1\n", "1/0\n"):
        ops.write(m=text)
        with pytest.raises(LoadRejected) as caught:
            loader.reload()
        assert [entry.name for entry in caught.traceback][1:] == ["reload", "stage"]
        assert caught.value.__context__ is None


def test_an_installed_package_is_not_hidden_by_a_folder(tmp_path: Path, open_loader: Open) -> None:
    """A folder of data under a root, named like a library, does not become that library."""
    site, ops = Ops(tmp_path / "site"), Ops(tmp_path / "ops")
    site.write(lib_xyz__="V = 'installed'\n")
    ops.write(m="import lib_xyz\nV = lib_xyz.V\n")
    ops.write_file("lib_xyz/data.txt", "")
    sys.path.append(str(site.root))
    try:
        assert open_loader([ops.root]).load("m").module("m").V == "installed"
    finally:
        sys.path.remove(str(site.root))
        sys.modules.pop("lib_xyz", None)


def test_a_closed_loader_says_so(ops: Ops, loader: Loader) -> None:
    """Loading after close is refused with a sentence."""
    ops.write(m="")
    loader.close()

    with pytest.raises(Busy, match="closed"):
        loader.load("m")


def test_a_name_that_the_process_has_already_is_taken(ops: Ops, loader: Loader) -> None:
    """A module that was imported in the ordinary way before is not replaced behind its importers' backs."""
    ops.write(m="import taken_xyz\n", taken_xyz="")
    sys.modules["taken_xyz"] = ModuleType("taken_xyz")
    sys.modules["taken_xyz"].__file__ = "/elsewhere/taken_xyz.py"
    try:
        with pytest.raises(NameTaken, match=r"/elsewhere/taken_xyz\.py") as caught:
            loader.load("m")
        assert "rename" in (caught.value.hint or "")
    finally:
        del sys.modules["taken_xyz"]
    assert "m" not in sys.modules


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nope", "there is no module nope under"),
        ("spce", "there is no module spce under"),
        ("space", "a folder without __init__.py"),
        ("twice", "is in two roots"),
        ("a..b", "is no name of a module"),
        ("m.sub", "there is no module m.sub"),
    ],
)
def test_an_entry_that_cannot_be_is_told(tmp_path: Path, open_loader: Open, name: str, says: str) -> None:
    """A missing, ambiguous or misspelt module is a sentence with a hint."""
    one, two = Ops(tmp_path / "one"), Ops(tmp_path / "two")
    one.write(m="", twice="", space__x="")
    two.write(twice="")

    with pytest.raises(BadEntry) as caught:
        open_loader([one.root, two.root]).load(name)

    assert says in caught.value.message
    assert caught.value.hint


def test_a_missing_entry_is_noticed_when_it_appears(ops: Ops, loader: Loader) -> None:
    """The watcher is told that the file which is not there yet matters."""
    with pytest.raises(BadEntry):
        loader.load("late")

    assert loader.touched_by([str(ops.root / "late.py")])


def test_what_a_load_has_imported_or_missed_matters_while_it_is_executed(
    ops: Ops, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import may take minutes, and whoever saved it goes on saving; afterwards only what is current matters."""
    paths = [str(ops.root / f"{name}.py") for name in ("new", "missing", "foreign")]
    touched: list[list[bool]] = []

    def ask() -> None:
        touched.append([loader.touched_by([path]) for path in paths])

    monkeypatch.setattr(sys, "ask", ask, raising=False)
    asks = "import sys, new\nsys.ask()\ntry: import missing\nexcept ImportError: pass\n"
    ops.write(m="X = 1\n", new="V = 1\n")
    loader.load("m")
    ops.write(m=asks)

    loader.reload()
    ops.write(m="X = 2\n")
    loader.reload()
    ask()

    assert touched == [[True, True, False], [False, False, False]]


def test_several_entries_are_one_line_of_generations(ops: Ops, loader: Loader) -> None:
    """A loader may hold several modules; an entry in a package brings its packages."""
    ops.write(a="import pkg.helper\n", pkg__="X = 1\n", pkg__helper="k = 1\n", pkg__main="import pkg.helper\n")
    one = loader.load("a")
    two = loader.load("pkg.main")

    assert loader.load("a") is two is loader.current
    assert (one.number, two.number) == (1, 2)
    assert two.parts == ("a", "pkg", "pkg.helper", "pkg.main")
    ops.write(pkg__="X = 2\n")
    assert loader.reload().module("pkg").X == 2


def test_a_thousand_reloads_leave_nothing_behind(ops: Ops, loader: Loader) -> None:
    """Memory, names and cached lines stay flat over a long life."""
    import linecache

    ops.write(m="import b\nclass Op: pass\n", b="k = 0\n")
    loader.load("m")
    alive: weakref.WeakSet[Generation] = weakref.WeakSet()
    names = len(sys.modules)
    for number in range(1000):
        paths = ops.write(b=f"k = {number + 1}\n")
        alive.add(loader.reload(paths))
    gc.collect()

    assert list(alive) == [loader.current]
    assert len(sys.modules) == names
    assert sum(".py@" in name for name in linecache.cache) < 300


def test_extension_modules_under_a_root_are_loaded_once(ops: Ops, loader: Loader) -> None:
    """Native code is shared by all generations, as a top-level module and inside a managed package."""
    import _json

    file = getattr(_json, "__file__", None)
    if file is None:
        pytest.skip("this Python has its _json built in")
    for place in ("_hot_native.so", "pkg/_hot_native.so"):
        (ops.root / place).parent.mkdir(exist_ok=True)
        (ops.root / place).symlink_to(file)
    ops.write(m="import pkg\ndef find(): return pkg.spec()\n")
    ops.write(pkg__="import importlib.util\ndef spec(): return importlib.util.find_spec('pkg._hot_native')\n")

    found = loader.load("m").module("m").find()

    assert found.origin == str(ops.root / "pkg/_hot_native.so")
    assert loader.current is not None
    assert "pkg._hot_native" not in loader.current.parts


def test_frames_of_ours_can_be_looked_at(ops: Ops, loader: Loader) -> None:
    """warnings and logging pass over them; a traceback, which shows all, shows their lines too."""
    ops.write(m="def f(): import b\n", b="1 / 0\n")
    m = loader.load("m").module("m")

    with pytest.raises(ZeroDivisionError) as caught:
        m.f()

    text = "".join(traceback.format_exception(caught.value))
    assert "in execute\n    _run(part, module)" in text
    assert text.count("importlib._bootstrap") > 2
