"""Who outside holds code of a generation, in words; and how it can be taken away."""

from __future__ import annotations

import atexit
import gc
import logging
import re
import sys
import threading
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from hotd.loading import Loader
from hotd.loading.imports.part import Part
from hotd.loading.outside.doors import at_exit
from hotd.loading.outside.holders import Holder, holders
from hotd.loading.outside.slots import now
from hotd.loading.outside.whose import LARGEST, Whose
from tests.integration.loading.conftest import Ops
from tests.integration.loading.registering import UNDOABLE


@pytest.fixture
def theirs() -> Iterator[logging.Handler]:
    """A handler that was there before, of somebody else."""
    logger, handler = logging.getLogger("hot.theirs"), logging.NullHandler()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def whose(loader: Loader, *names: str) -> Whose:
    assert loader.current is not None
    found: list[Part] = [part for name, part in loader.current.table().items() if not names or name in names]
    return Whose(found)


def phrases(found: list[Holder]) -> list[str]:
    return [one.what for one in found]


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize(("text", "phrase"), UNDOABLE.values(), ids=UNDOABLE)
def test_what_was_registered_is_told_and_can_be_taken_away(ops: Ops, loader: Loader, text: str, phrase: str) -> None:
    """Each kind in words that people know; undoing it leaves the process as it was, and nothing else is touched."""
    ops.write(m=text, other=text)
    before = now()
    loader.load("m")
    (found,) = holders(whose(loader), before)
    assert re.fullmatch(phrase, found.what)
    loader.load("other")

    assert found.undo is not None
    found.undo()

    ours, others = whose(loader, "m"), whose(loader, "other")
    assert list(holders(ours, before)) == []
    (kept,) = holders(others, before)
    assert re.fullmatch(phrase, kept.what)
    assert kept.undo is not None
    kept.undo()
    for thread in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
        thread.join(10)
    assert now() == before


def test_what_the_standard_library_replaced_is_told(ops: Ops, loader: Loader) -> None:
    """A function of a library, or of one of its classes, that a module put its own in the place of."""
    ops.write(
        m="import json, textwrap\nbefore = json.dumps, textwrap.TextWrapper.fill\ndef mine(*args): pass\n"
        "json.dumps = textwrap.TextWrapper.fill = mine\n"
        "def back(): json.dumps, textwrap.TextWrapper.fill = before\n"
    )
    m = loader.load("m").module("m")
    try:
        found = list(holders(whose(loader)))
    finally:
        m.back()

    assert sorted(phrases(found)) == [
        "json.dumps, which is or holds function 'mine'",
        "textwrap.TextWrapper, which is or holds function 'mine'",
    ]
    assert all(one.undo is None for one in found)


KEPT = """
import functools
HANDLERS = {}
LATER = [{"deep": []}]
class Bus:
    seen = []
    def __init__(self): self._subscribers = {"all": []}
bus = Bus()
@functools.singledispatch
def show(thing): return "?"
"""


@pytest.mark.parametrize(
    ("register", "phrase"),
    [
        ("kept.HANDLERS['x'] = mine", "kept.HANDLERS, which is or holds function 'mine'"),
        ("kept.LATER[0]['deep'].append(mine)", "kept.LATER, which is or holds function 'mine'"),
        ("kept.Bus.seen.append(Plugin)", "kept.Bus, which is or holds class 'Plugin'"),
        ("kept.bus._subscribers['all'].append(Plugin().run)", "kept.bus, which is or holds method 'Plugin.run'"),
        ("kept.show.register(int)(mine)", "kept.show, which is or holds function 'mine'"),
        ("kept.show = mine", "kept.show, which is or holds function 'mine'"),
        ("kept.LATER += [mine, Plugin, mine]", "kept.LATER, which is or holds function 'mine' and 1 more"),
    ],
)
def test_what_is_in_a_kept_part_is_told_by_name(ops: Ops, loader: Loader, register: str, phrase: str) -> None:
    """A registry of a module that is not reloaded: which one, and what of ours is in it."""
    ops.write(kept=KEPT, m=f"import kept\nclass Plugin:\n    def run(self): pass\ndef mine(*args): pass\n{register}\n")
    loader.load("m")

    assert phrases(list(holders(whose(loader, "m")))) == [phrase]
    assert phrases(list(holders(whose(loader)))) == []  # the closure as a whole holds itself


def test_a_library_s_registry_is_told(ops: Ops, loader: Loader) -> None:
    """Of an installed package that the module imports."""
    lib = ModuleType("hot_lib")
    exec("PLUGINS = []\ndef plug(fn): PLUGINS.append(fn)\n", vars(lib))
    sys.modules["hot_lib"] = lib
    try:
        ops.write(m="from hot_lib import plug\nimport hot_lib\n@plug\ndef mine(): pass\n")
        loader.load("m")

        assert phrases(list(holders(whose(loader)))) == ["hot_lib.PLUGINS, which is or holds function 'mine'"]
    finally:
        del sys.modules["hot_lib"]


def test_a_container_of_data_is_not_looked_through(ops: Ops, loader: Loader) -> None:
    """A table of millions costs no time: who would register there?"""
    ops.write(kept=f"ROWS = [None] * {LARGEST + 1}\n", m="import kept\ndef mine(): pass\nkept.ROWS[5] = mine\n")
    loader.load("m")

    assert list(holders(whose(loader, "m"))) == []


def test_a_first_import_of_a_library_is_the_library_s_own(
    ops: Ops, loader: Loader, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a library registers when it is imported stays with it, whoever happened to import it first."""
    site = tmp_path_factory.mktemp("site")
    (site / "hot_fresh_lib.py").write_text(
        "import atexit, logging, threading\natexit.register(len, 'lib')\n"
        "logging.getLogger('hot.lib').addHandler(logging.NullHandler())\n"
        "go = threading.Event()\nthread = threading.Thread(target=go.wait, args=(20,))\nthread.start()\n"
    )
    sys.path.append(str(site))
    try:
        ops.write(m="import hot_fresh_lib\n")
        loader.load("m")
        lib = sys.modules["hot_fresh_lib"]

        assert list(holders(whose(loader))) == []
        lib.go.set()
        lib.thread.join(10)
    finally:
        sys.path.remove(str(site))
        sys.modules.pop("hot_fresh_lib", None)
        atexit.unregister(len)
        logging.getLogger("hot.lib").handlers.clear()


def test_a_thread_is_told_with_where_it_stands(ops: Ops, loader: Loader) -> None:
    """In the module's own code, however deep in a library it waits; one that runs a library's code is told too."""
    ops.write(
        m="""
        import threading
        go = threading.Event()
        def poll(): go.wait(20)
        own = threading.Thread(target=poll, name="poller")
        lib = threading.Thread(target=go.wait, args=(20,), name="waiter")
        own.start(); lib.start()
        """
    )
    m = loader.load("m").module("m")
    try:
        found = {one.what.partition(",")[0]: one for one in holders(whose(loader))}
    finally:
        m.go.set()
        m.own.join(10)
        m.lib.join(10)

    assert set(found) == {"thread 'poller'", "thread 'waiter'"}
    assert f"{ops.root / 'm.py'}:4 poll" in found["thread 'poller'"].what
    assert "threading.py:" in found["thread 'waiter'"].what
    assert [one.refers for one in found.values()] == [True, False]
    assert [one.undo for one in found.values()] == [None, None]
    assert list(holders(whose(loader))) == []


def test_a_handler_that_was_there_already_is_not_theirs(ops: Ops, loader: Loader, theirs: logging.Handler) -> None:
    """Adding it once more does nothing, so there is nothing to take away."""
    ops.write(m="import logging\nl = logging.getLogger('hot.theirs')\nl.addHandler(l.handlers[0])\n")
    loader.load("m")

    assert list(holders(whose(loader))) == []
    assert logging.getLogger("hot.theirs").handlers == [theirs]


def test_a_library_s_handler_that_only_uses_their_code_is_left(
    ops: Ops, loader: Loader, theirs: logging.Handler
) -> None:
    """Told, since it keeps the code in memory; not taken away, since it is somebody else's."""
    ops.write(
        m="import logging\nclass F(logging.Formatter):\n    pass\n"
        "logging.getLogger('hot.theirs').handlers[0].setFormatter(F())\n"
    )
    loader.load("m")

    (found,) = holders(whose(loader))
    assert found.what == "logging handler 'NullHandler' on logger 'hot.theirs'"
    assert found.undo is None
    theirs.setFormatter(None)


def test_unregistering_finds_what_was_registered(ops: Ops, loader: Loader) -> None:
    """``atexit.unregister`` and the call at exit are as ever."""
    said: list[str] = []
    lib = ModuleType("hot_lib")
    vars(lib)["say"] = said.append
    sys.modules["hot_lib"] = lib
    try:
        ops.write(m="import atexit, hot_lib\nassert atexit.register(hot_lib.say, 'bye') is hot_lib.say\n")
        loader.load("m")
        (mine,) = [one for one in at_exit() if one == lib.say]

        mine()
        atexit.unregister(lib.say)

        assert said == ["bye"]
        assert list(holders(whose(loader))) == []
    finally:
        del sys.modules["hot_lib"]


def test_a_registry_that_is_broken_hides_no_other(
    ops: Ops, loader: Loader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody may have put anything anywhere; what cannot be read is told in the log."""
    monkeypatch.setitem(weakref.finalize._registry, object(), None)  # type: ignore[attr-defined] # it is private
    ops.write(m="import atexit\n@atexit.register\ndef bye(): pass\n")
    loader.load("m")

    (found,) = holders(whose(loader))

    assert found.what == "atexit function 'bye'" and found.undo is not None
    found.undo()
    assert "cannot be told in full" in caplog.text


def test_asking_keeps_nothing(ops: Ops, loader: Loader) -> None:
    """Who looks for holders does not become one."""
    ops.write(m="import logging\nlogging.getLogger('hot.test').addHandler(logging.NullHandler())\nclass C: pass\n")
    loader.load("m")
    found = list(holders(whose(loader)))
    for one in found:
        assert one.undo is not None
        one.undo()
    assert loader.current is not None
    part = loader.current.find("m")
    loader.close()
    del found, one
    gc.collect()

    assert part is not None
    assert [type(one).__name__ for one in gc.get_referrers(part) if type(one).__name__ in ("Whose", "Holder")] == []
