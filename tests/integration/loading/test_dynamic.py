"""Imports that only running the code reveals."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import sys
import weakref
from typing import Any

import pytest

from hotd.contract.errors import ImportRejected
from hotd.loading import Avoided, Loader
from tests.integration.loading.conftest import Open, Ops

HOST = """
import util
V = {version}
def plugin(): return util.load("p")
def seen(): return plugin().host_version()
"""
UTIL = """
import importlib
REGISTRY = []
def load(name): return importlib.import_module("plug" + "ins." + name)
"""
PLUGIN = """
import m
def host_version(): return m.V
"""


def test_a_kept_plugin_loader_serves_both_generations(ops: Ops, loader: Loader) -> None:
    """A plugin that imports its host gets the host of the code that asked, though the loader of plugins is one."""
    ops.write(m=HOST.format(version=1), util=UTIL, plugins__="", plugins__p=PLUGIN)
    old = loader.load("m").module("m")
    assert old.seen() == 1
    ops.write(m=HOST.format(version=2))

    new = loader.reload().module("m")

    assert new.util is old.util
    assert (new.seen(), old.seen(), new.seen()) == (2, 1, 2)
    assert new.plugin() is not old.plugin()


def test_a_plugin_is_loaded_once_whoever_asks(ops: Ops, loader: Loader) -> None:
    """The plugin loader, asked from outside, gives what its generation has already."""
    ops.write(m=HOST.format(version=1), util=UTIL, plugins__="", plugins__p=PLUGIN)
    m = loader.load("m").module("m")
    plugin = m.plugin()

    assert m.util.load("p") is plugin


def test_a_library_that_imports_by_name_for_managed_code(ops: Ops, loader: Loader) -> None:
    """The ordinary import system, asked by a library, finds plugins of the code that called the library."""
    library: dict[str, Any] = {}
    exec("import sys\ndef fetch(name):\n    __import__(name)\n    return sys.modules[name].V\n", library)
    ops.write(m="import plugins\ndef get(fetch): return fetch('plug' + 'ins.deep.x'), fetch('to' + 'plevel_xyz')\n")
    ops.write(plugins__="", plugins__deep__="", plugins__deep__x="V = 1\n", toplevel_xyz="V = 1\n")
    old = loader.load("m").module("m")
    assert old.get(library["fetch"]) == (1, 1)
    assert "deep" not in vars(old.plugins)
    ops.write(plugins__deep__x="V = 2\n", toplevel_xyz="V = 2\n")

    new = loader.reload().module("m")

    assert new.get(library["fetch"]) == (2, 2)
    assert old.get(library["fetch"]) == (1, 1)
    with pytest.raises(ModuleNotFoundError, match=r"plugins\.nope"):
        library["fetch"]("plugins.nope")


def test_an_edited_plugin_is_a_reload_of_who_loaded_it(ops: Ops, loader: Loader) -> None:
    """The watcher knows the plugin's file from the moment it was loaded, and old code keeps the old plugin."""
    ops.write(m="import util\ndef v(): return util.load('q').V\n", util=UTIL, plugins__="", plugins__q="V = 1\n")
    old = loader.load("m").module("m")
    path = str(ops.root / "plugins/q.py")
    assert not loader.touched_by([path])
    assert loader.current is not None
    assert loader.current.run(old.v) == 1
    assert loader.touched_by([path])
    assert loader.current.added == [], "only what a candidate adds may have to be taken back"
    ops.write(plugins__q="V = 2\n")

    new = loader.reload([path]).module("m")

    assert (new.v(), old.v()) == (2, 1)


def test_a_refused_candidate_leaves_no_edge_on_kept_parts(ops: Ops, loader: Loader) -> None:
    """What a candidate made a shared part import is forgotten with the candidate."""
    ops.write(m=HOST.format(version=1), util=UTIL, plugins__="", plugins__p=PLUGIN, plugins__free="V = 1\n")
    old = loader.load("m").module("m")
    ops.write(m=HOST.format(version=2) + "import weakref, sys\nfree = util.load('free')\nseen()\n1/0\n")

    with pytest.raises(ImportRejected):
        loader.reload()

    assert "plugins.free" not in sys.modules
    assert loader.current is not None
    assert "plugins.free" not in loader.current.parts
    assert old.seen() == 1


def test_a_broken_plugin_is_an_import_error_for_who_asks(ops: Ops, loader: Loader) -> None:
    """A file that does not compile, or is not there, raises what an import raises; a corrected one loads."""
    ops.write(m="import util\ndef load(n): return util.load(n)\n", util=UTIL, plugins__="", plugins__bad="x = = 1\n")
    m = loader.load("m").module("m")

    with pytest.raises(ImportError, match=r"bad\.py line 1"):
        m.load("bad")
    with pytest.raises(ModuleNotFoundError, match=r"plugins\.nope"):
        m.load("nope")
    ops.write(plugins__bad="x = 1\n")
    assert m.load("bad").x == 1


def test_outside_code_executes_a_lazy_part_by_looking_into_it(ops: Ops, loader: Loader) -> None:
    """A framework that resolves "lazy:f" gets it, though nobody imported it yet; a walk over sys.modules does not."""
    ops.write(m="def f():\n    import lazy_xyz\n", lazy_xyz="f = len\n")
    loader.load("m")
    assert [module for module in list(sys.modules.values()) if getattr(module, "__file__", "") == "lazy_xyz.py"] == []
    part = loader.current.find("lazy_xyz") if loader.current else None
    assert part is not None and part.module is None

    assert importlib.import_module("lazy_xyz").f("abc") == 3
    assert part.module is not None


def test_native_code_in_a_managed_package_is_loaded_once(ops: Ops, loader: Loader) -> None:
    """Two generations of a package share its extension module; it is no part, and was executed once."""
    spec = (
        importlib.util.find_spec("_testcapi")
        or importlib.util.find_spec("_bisect")
        or importlib.util.find_spec("_heapq")
    )
    if spec is None or not spec.origin or not spec.origin.endswith(".so"):
        pytest.skip("this Python has no extension module in a file of its own")
    name = spec.name
    (ops.root / "pkg").mkdir()
    (ops.root / "pkg" / spec.origin.rpartition("/")[2]).symlink_to(spec.origin)
    text = f"from . import {name} as native\nimport pkg.{name}\nV = "
    ops.write(pkg__=text + "1\n", m="import pkg\n")
    try:
        old = loader.load("m").module("pkg")
        ops.write(pkg__=text + "2\n")
        new = loader.reload().module("pkg")

        assert (old.V, new.V) == (1, 2)
        assert old.native is new.native is sys.modules[f"pkg.{name}"]
        assert loader.current is not None and loader.current.parts == ("m", "pkg")
    finally:
        sys.modules.pop(f"pkg.{name}", None)


def test_dynamic_parts_of_an_old_generation_go_with_it(ops: Ops, loader: Loader) -> None:
    """A plugin that only old code loaded is freed with the old code."""
    ops.write(m=HOST.format(version=1), util=UTIL, plugins__="", plugins__p=PLUGIN + "class Big: pass\n")
    old = loader.load("m").module("m")
    big = weakref.ref(old.plugin().Big)
    ops.write(m=HOST.format(version=2))
    loader.reload()

    del old
    gc.collect()

    assert big() is None


LATE = """
import util, importlib
def late(name): return importlib.import_module(name).V
"""


def test_what_was_refused_is_known_again_though_running_code_has_imported_more_since(ops: Ops, loader: Loader) -> None:
    """Current goes on, and imports by a computed name; the refused edit is still the same, until a file differs."""
    ops.write(m=LATE, util="V = 1\n", helper="V = 1\n")
    current = loader.load("m")
    ops.write(util="1/0\n")
    with pytest.raises(ImportRejected) as refused:
        loader.reload()
    avoid = {refused.value.digest: refused.value.carried}
    assert current.run(current.module("m").late, "helper") == 1

    for changed in (None, [ops.root / "util.py"]):
        with pytest.raises(Avoided) as again:
            loader.stage(changed, avoid=avoid)
        assert again.value.digest in avoid
    ops.write(helper="V = 2\n")
    with pytest.raises(ImportRejected):
        loader.stage(avoid=avoid)


def test_what_was_undone_is_known_again_though_running_code_has_imported_more_since(ops: Ops, loader: Loader) -> None:
    """Else the watcher would bring back what somebody has just taken back."""
    ops.write(m=LATE, util="V = 1\n", helper="V = 1\n")
    old = loader.load("m")
    ops.write(util="V = 2\n")
    undone = loader.reload()
    for generation in (undone, loader.promote(old)):
        assert generation.run(generation.module("m").late, "helper") == 1

    with pytest.raises(Avoided):
        loader.stage(avoid={undone.digest: undone.carried})
    with pytest.raises(Avoided):
        loader.stage([ops.root / "util.py"], avoid={undone.digest: undone.carried})


def test_what_was_refused_is_known_to_a_loader_that_has_run_less(ops: Ops, open_loader: Open) -> None:
    """That of the next daemon, which has not seen what the code imports by a computed name, until that changes."""
    ops.write(m=LATE, util="V = 1\n", helper="V = 1\n")
    first, second = open_loader(), open_loader()
    current = first.load("m")
    bundle = first.bundle(current)
    assert current.run(current.module("m").late, "helper") == 1
    ops.write(util="1/0\n")
    with pytest.raises(ImportRejected) as refused:
        first.reload()
    first.close()
    assert refused.value.carried == (("m", "helper"),)
    avoid = {refused.value.digest: refused.value.carried}
    second.promote(second.restore(bundle))

    for changed in (None, [ops.root / "util.py"]):
        with pytest.raises(Avoided) as again:
            second.stage(changed, avoid=avoid)
        assert again.value.digest == refused.value.digest
    assert second.touched_by([ops.root / "helper.py"])
    ops.write(helper="V = 2\n")
    with pytest.raises(ImportRejected):
        second.stage([ops.root / "helper.py"], avoid=avoid)


def test_what_was_undone_is_known_where_other_parts_know_what_they_import(ops: Ops, open_loader: Open) -> None:
    """Kept parts count as well: the digest of the one that is kept covers what running it had told by then."""
    late = "import util, importlib\ndef late(name): return importlib.import_module(name).V\n"
    ops.write(m="import n, x\n", n=late, x="V = 1\n", util="V = 1\n", helper="V = 1\n")
    first, second = open_loader(), open_loader()
    old = first.load("m")
    bundle = first.bundle(old)
    assert old.run(old.module("n").late, "helper") == 1
    ops.write(util="V = 2\n")
    first.reload()
    ops.write(util="V = 1\n")
    first.reload()
    ops.write(x="V = 2\n")
    undone = first.reload()
    first.close()
    assert undone.carried == (("n", "helper"),)
    assert second.promote(second.restore(bundle)).carried == ()

    with pytest.raises(Avoided) as again:
        second.stage(avoid={undone.digest: undone.carried})
    assert again.value.digest == undone.digest
    assert second.reload().digest != undone.digest
