"""What a refused candidate leaves behind: taken away where that is safe, told, and watched until it is gone."""

from __future__ import annotations

import atexit
import gc
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Candidate, Loader, Pool, attempt
from hotd.loading.attempt import execute
from hotd.loading.outside.doors import at_exit
from hotd.loading.outside.slots import now
from hotd.loading.residue import MOST_TOLD
from tests.integration.loading.conftest import Open, Ops
from tests.integration.loading.registering import UNDOABLE
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def theirs() -> Iterator[logging.Handler]:
    """A handler that was there before, of somebody else."""
    logger, handler = logging.getLogger("hot.theirs"), logging.NullHandler()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logging.getLogger("hot.test").handlers.clear()


def refused(load: Callable[[], Any]) -> LoadRejected:
    with pytest.raises(LoadRejected) as caught:
        load()
    return caught.value


def still(loader: Loader) -> tuple[str, ...]:
    return loader.remains.still


def join(name: str) -> None:
    """Until the threads of that name have ended."""
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(10)


FAILURES = {"exception": "1/0", "exit": "raise SystemExit(3)", "missing": "import nobody_has_this"}


@pytest.mark.parametrize(("text", "phrase"), UNDOABLE.values(), ids=UNDOABLE)
def test_a_refusal_takes_away_what_was_registered_and_tells(ops: Ops, loader: Loader, text: str, phrase: str) -> None:
    """By the part that fails, and by one that it had imported; the process is as it was before."""
    before = now()
    ops.write(m=f"import helper\n{text}1/0\n", helper=text if "one place" in phrase else "")

    error = refused(lambda: loader.load("m"))

    (told,) = error.left
    assert re.fullmatch(f"{phrase}: taken away", told)
    assert still(loader) == ()
    join("ticker")
    assert now() == before


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_whatever_refuses_it_the_residue_is_told(ops: Ops, loader: Loader, failure: str) -> None:
    """Also where another part fails than the one that registered something, and in a reload."""
    ops.write(m="import a, b\n", a="", b="")
    g1 = loader.load("m")
    ops.write(a="import atexit\natexit.register(lambda: None)\n", b=f"{failure}\n")

    error = refused(loader.reload)

    assert error.left == ("atexit function '<lambda>': taken away",)
    assert loader.current is g1


def test_what_says_itself_what_equals_it_is_taken_away_too(ops: Ops, loader: Loader) -> None:
    """An object that is called at exit, and compares by value: nobody else can list what is registered."""
    ops.write(
        m="import atexit\nclass C:\n    def __call__(self): pass\n    def __eq__(self, other): return self is other\n"
        "atexit.register(C())\n1/0\n"
    )

    error = refused(lambda: loader.load("m"))

    assert len(error.left) == 1 and error.left[0].endswith("taken away")


def test_a_module_that_answers_for_itself_is_not_asked(ops: Ops, loader: Loader) -> None:
    """Its class says what an attribute is, and may import whatever it likes for that, or raise."""
    ops.write(m="X = 1\n")
    loader.load("m")
    ops.write(
        m="import helper\n1/0\n",
        helper="import atexit, sys, types\natexit.register(lambda: None)\nclass Lazy(types.ModuleType):\n"
        "    def __getattribute__(self, name):\n        if name == '__dict__': raise ValueError\n"
        "        return super().__getattribute__(name)\nsys.modules[__name__].__class__ = Lazy\n",
    )
    assert refused(loader.reload).left == ("atexit function '<lambda>': taken away",)


def test_what_a_helper_left_is_found_after_its_own_failure_was_caught(ops: Ops, loader: Loader) -> None:
    """``try: import helper`` swallowed the error; the handler is there all the same."""
    ops.write(
        m="try:\n    import helper\nexcept Exception:\n    pass\n1/0\n",
        helper="import logging\nclass H(logging.Handler):\n    def emit(self, record): pass\n"
        "logging.getLogger('hot.test').addHandler(H())\n1/0\n",
    )
    assert refused(lambda: loader.load("m")).left == ("logging handler 'H' on logger 'hot.test': taken away",)
    assert logging.getLogger("hot.test").handlers == []


def test_what_a_cause_left_is_found(ops: Ops, loader: Loader) -> None:
    """Raised from another error, whose module nobody has any more."""
    ops.write(m="import kept\n", kept="ERRORS = []\n")
    loader.load("m")
    ops.write(
        m="try:\n    import helper\nexcept Exception as error:\n    raise RuntimeError from error\n",
        helper="import kept\nclass Mine(Exception): pass\nkept.ERRORS.append(Mine)\n1/0\n",
    )
    assert refused(loader.reload).left == ("kept.ERRORS, which is or holds class 'Mine': still there",)


POLLER = """
import gate, threading
def poll():
    gate.polling.set()
    gate.go.wait(20)
threading.Thread(target=poll, name="poller").start()
gate.polling.wait(10)
"""
GATE = "import threading\ngo, polling = threading.Event(), threading.Event()\n"


def test_a_thread_is_told_until_it_ends(ops: Ops, loader: Loader) -> None:
    """By name, and where it stands; nobody can end it. Its end is noticed when it comes."""
    ops.write(m="import gate\n", gate=GATE)
    gate = loader.load("m").module("gate")
    ops.write(m=POLLER + "1/0\n")
    told = threading.Event()
    loader.remains.changed = told.set

    error = refused(loader.reload)

    phrase = f"thread 'poller', in {ops.root / 'm.py'}:5 poll"
    assert error.left == (f"{phrase}: still there",)
    assert still(loader) == (phrase,)
    loader.remains.look()
    assert still(loader) == (phrase,)
    gate.go.set()
    assert told.wait(10)
    assert still(loader) == ()
    join("poller")


def test_threads_that_are_equal_are_told_each_until_it_ends(ops: Ops, loader: Loader) -> None:
    """A class of threads may say what equals what."""
    ops.write(m="import gate\n", gate="import threading\nfirst, second = threading.Event(), threading.Event()\n")
    gate = loader.load("m").module("gate")
    ops.write(
        m="import gate, threading\nclass T(threading.Thread):\n    def __eq__(self, other): return True\n"
        "    def __hash__(self): return 1\n    def run(self): getattr(gate, self.name).wait(20)\n"
        "T(name='first').start()\nT(name='second').start()\n1/0\n"
    )

    assert len(refused(loader.reload).left) == len(still(loader)) == 2
    gate.first.set()
    join("first")
    eventually(lambda: len(still(loader)) == 1)
    gate.second.set()
    join("second")
    eventually(lambda: still(loader) == ())


def test_a_thread_of_a_library_s_code_is_told_until_it_ends(ops: Ops, loader: Loader) -> None:
    """Even when nothing of the refused code is left in memory."""
    ops.write(m="import gate\n", gate=GATE)
    gate = loader.load("m").module("gate")
    ops.write(m="import gate, threading\nthreading.Thread(target=gate.go.wait, args=(20,), name='lib').start()\n1/0\n")

    refused(loader.reload)
    gc.collect()

    (phrase,) = still(loader)
    assert phrase.startswith("thread 'lib', in ")
    loader.remains.look()
    assert len(still(loader)) == 1
    gate.go.set()
    join("lib")
    eventually(lambda: still(loader) == ())


def test_of_very_much_a_part_is_told(ops: Ops, loader: Loader) -> None:
    """What is told is bounded: in number, and in the length of names that anybody may choose."""
    ops.write(
        m="import atexit\ndef make(n):\n    def end(): pass\n    end.__qualname__ = f'end {n} ' + 'x' * 100_000\n"
        "    return end\nfor n in range(100): atexit.register(make(n))\n1/0\n"
    )
    error = refused(lambda: loader.load("m"))

    assert len(error.left) == MOST_TOLD + 1
    assert error.left[-1] == "and 60 more"
    assert max(len(told) for told in error.left) < 150
    assert not any(getattr(fn, "__qualname__", "").startswith("end ") for fn in at_exit())


def test_an_idle_worker_goes_with_its_pool(ops: Ops, loader: Loader) -> None:
    """It is told while the refused pool is in memory; the collector ends both."""
    ops.write(
        m="from concurrent.futures import ThreadPoolExecutor\n"
        "POOL = ThreadPoolExecutor(1, 'hot-pool')\nPOOL.submit(len, '').result()\n1/0\n"
    )
    error = refused(lambda: loader.load("m"))

    (told,) = error.left
    assert told.startswith("thread 'hot-pool_0', in ") and told.endswith(": still there")
    del error
    gc.collect()
    assert still(loader) == ()
    join("hot-pool_0")


def test_an_idle_worker_of_a_pool_that_is_kept_is_the_pool_s(ops: Ops, loader: Loader) -> None:
    """The refused candidate was the first to use it; once its code is gone there is nothing to tell."""
    ops.write(
        m="import kept\n", kept="from concurrent.futures import ThreadPoolExecutor as P\nPOOL = P(1, 'hot-pool')\n"
    )
    kept = loader.load("m").module("kept")
    ops.write(m="import kept\nkept.POOL.submit(len, '').result()\n1/0\n")

    refused(loader.reload)
    gc.collect()

    assert [one.name for one in threading.enumerate() if one.name.startswith("hot-pool")] == ["hot-pool_0"]
    assert still(loader) == ()
    kept.POOL.shutdown()


def test_a_finalizer_of_its_own_object_is_due(ops: Ops, loader: Loader) -> None:
    """What was to happen at the object's end happens now: it is its end. It might be raised about, and is cleared."""
    ops.write(m="import gate\n", gate="SEEN = []\n")
    gate = loader.load("m").module("gate")
    ops.write(
        m="import gate, weakref\nclass C: pass\nc = C()\ndef end(what):\n    gate.SEEN.append(what)\n"
        "weakref.finalize(c, end, 'closed')\n1/0\n"
    )

    assert refused(loader.reload).left == ("weakref.finalize of 'end': taken away",)
    assert gate.SEEN == ["closed"]


def test_who_runs_beside_is_not_blamed(ops: Ops, loader: Loader) -> None:
    """An instance that registers the same things while the candidate is loaded keeps them all."""
    ops.write(
        m="""
        import atexit, gate, logging, threading
        def work():
            gate.loading.wait(10)
            atexit.register(len, 'mine')
            logging.getLogger('hot.test').addHandler(logging.StreamHandler())
            gate.HOOKS.append(work)
            threading.Thread(target=gate.go.wait, args=(20,), name='mine').start()
            gate.registered.set()
        """,
        gate="import threading\nHOOKS = []\nloading, registered, go = (threading.Event() for _ in range(3))\n",
    )
    m, gate = loader.load("m").module("m"), loader.load("gate").module("gate")
    instance = threading.Thread(target=m.work)
    instance.start()
    ops.write(m="import gate\ngate.loading.set()\nassert gate.registered.wait(10)\n1/0\n")

    error = refused(loader.reload)

    assert error.left == ()
    assert len(logging.getLogger("hot.test").handlers) == len(gate.HOOKS) == 1
    gate.go.set()
    instance.join(10)
    join("mine")
    logging.getLogger("hot.test").handlers.clear()
    assert len in at_exit()
    atexit.unregister(len)


def test_a_registry_that_is_kept_is_told_until_it_is_right_again(ops: Ops, loader: Loader) -> None:
    """The refused plugin stays registered, since nobody can tell what was there before; the repair replaces it."""
    plugin = "import registry\ndef on_event(): pass\nregistry.HANDLERS['event'] = on_event\n"
    ops.write(m="import registry, plugin\n", registry="HANDLERS = {}\n", plugin=plugin)
    loader.load("m")
    ops.write(plugin=plugin + "1/0\n")

    error = refused(loader.reload)

    phrase = "registry.HANDLERS, which is or holds function 'on_event'"
    assert error.left == (f"{phrase}: still there",)
    assert still(loader) == (phrase,)
    ops.write(plugin=plugin + "fine = True\n")
    loader.reload()
    loader.remains.look()
    assert still(loader) == ()


def test_a_class_without_functions_is_known_again(ops: Ops, loader: Loader) -> None:
    """It carries no code that would tell whose it is, and the module that knew is gone."""
    ops.write(m="import kept\n", kept="ERRORS = []\n")
    kept = loader.load("m").module("kept")
    ops.write(m="import kept\nclass Mine(Exception): pass\nkept.ERRORS.append(Mine)\n1/0\n")

    refused(loader.reload)
    loader.remains.look()

    assert still(loader) == ("kept.ERRORS, which is or holds class 'Mine'",)
    kept.ERRORS.clear()
    loader.remains.look()
    assert still(loader) == ()


def test_a_class_without_functions_in_a_library_is_told(
    ops: Ops, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the part that knew the library is gone; and until the class is, too."""
    library = ModuleType("some_library")
    registry = vars(library)["REGISTRY"] = list[object]()
    monkeypatch.setitem(sys.modules, "some_library", library)
    ops.write(m="X = 1\n")
    loader.load("m")
    ops.write(m="import some_library\nclass Mine: pass\nsome_library.REGISTRY.append(Mine)\n1/0\n")

    refused(loader.reload)
    gc.collect()

    told = ("some_library.REGISTRY, which is or holds class 'Mine'",)
    assert still(loader) == told
    loader.remains.look()
    assert still(loader) == told
    registry.clear()
    gc.collect()
    assert still(loader) == ()


def test_a_class_without_functions_is_told_when_what_it_stood_beside_is_gone(ops: Ops, loader: Loader) -> None:
    """One sentence had told of both."""
    ops.write(m="import kept\n", kept="PLUGINS = {}\n")
    kept = loader.load("m").module("kept")
    ops.write(m="import kept\nclass Mine: pass\ndef mine(): pass\nkept.PLUGINS.update(f=mine, c=Mine)\n1/0\n")
    refused(loader.reload)
    assert still(loader) == ("kept.PLUGINS, which is or holds function 'mine' and 1 more",)

    del kept.PLUGINS["f"]
    gc.collect()

    assert still(loader) == ("kept.PLUGINS, which is or holds class 'Mine'",)


def test_the_collector_s_news_is_news(ops: Ops, loader: Loader) -> None:
    """When the last reference from outside is dropped, the end of the refused code is told."""
    ops.write(m="import kept\n", kept="PLUGINS = []\n")
    kept = loader.load("m").module("kept")
    ops.write(m="import kept\ndef mine(): pass\nkept.PLUGINS.append(mine)\n1/0\n")
    told = threading.Event()
    loader.remains.changed = told.set
    refused(loader.reload)
    assert not told.is_set()

    kept.PLUGINS.clear()
    gc.collect()

    assert told.is_set()
    assert still(loader) == ()


def test_nothing_of_a_refused_candidate_is_kept(ops: Ops, loader: Loader) -> None:
    """Neither by the error nor by what watches over its residue."""
    ops.write(m="import kept\n", kept="SEEN = []\n")
    kept = loader.load("m").module("kept")
    ops.write(
        m="import atexit, kept, weakref\nclass C:\n    def f(self): pass\nkept.SEEN.append(weakref.ref(C))\n"
        "atexit.register(C().f)\nkept.PLUGIN = C\n1/0\n"
    )
    error = refused(loader.reload)
    assert len(error.left) == 2
    del kept.PLUGIN
    gc.collect()

    assert kept.SEEN[0]() is None


def test_discarding_and_checking_leave_nothing_either(ops: Ops, loader: Loader) -> None:
    """A candidate that would do is thrown away as one that would not."""
    text = "import logging\nlogging.getLogger('hot.test').addHandler(logging.StreamHandler())\n"
    ops.write(m="X = 1\n")
    loader.load("m")
    ops.write(m=text)

    checked = loader.check()
    told = loader.discard(loader.stage())

    assert checked.left == told == ("logging handler 'StreamHandler' on logger 'hot.test': taken away",)
    assert logging.getLogger("hot.test").handlers == []


def test_what_is_promoted_keeps_what_it_registered(ops: Ops, loader: Loader) -> None:
    """Only what is thrown away is cleared."""
    ops.write(m="import logging\nlogging.getLogger('hot.test').addHandler(logging.StreamHandler())\n")
    candidate = loader.stage(entry="m")
    loader.promote(candidate)

    assert loader.discard(candidate) == ()
    assert candidate.before == {}, "what stood in the hooks before, of an older generation perhaps, is not kept"
    assert len(logging.getLogger("hot.test").handlers) == 1
    logging.getLogger("hot.test").handlers.clear()


def test_a_part_that_another_line_uses_is_left_alone(ops: Ops, open_loader: Open) -> None:
    """Two candidates share a new helper; the one that is thrown away does not take its registrations away."""
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)
    ops.write(a="", b="")
    one.load("a")
    two.load("b")
    ops.write(
        a="import brand_new\n",
        b="import brand_new\n",
        brand_new="import logging\nlogging.getLogger('hot.test').addHandler(logging.StreamHandler())\n",
    )
    first, second = one.stage(), two.stage()
    assert first.module("brand_new") is second.module("brand_new")

    assert one.discard(first) == ()
    assert len(logging.getLogger("hot.test").handlers) == 1
    assert two.discard(second) == ("logging handler 'StreamHandler' on logger 'hot.test': taken away",)


def test_a_part_that_old_instances_of_another_line_use_is_left_alone(ops: Ops, open_loader: Open) -> None:
    """The other module has moved on; who runs its old generation still needs what that registered."""
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)
    ops.write(a="", b="")
    one.load("a")
    two.load("b")
    ops.write(
        a="import brand_new\n",
        b="import brand_new\n",
        brand_new="import logging\nlogging.getLogger('hot.test').addHandler(logging.StreamHandler())\n",
    )
    candidate, running = one.stage(), two.reload()
    ops.write(b="X = 1\n")
    two.reload()

    assert one.discard(candidate) == ()
    assert len(logging.getLogger("hot.test").handlers) == 1
    assert running.module("brand_new").__name__ == "brand_new"
    logging.getLogger("hot.test").handlers.clear()


# --- __hot_dispose__ -------------------------------------------------------------------------------------------------

DISPOSE = "import gate\ngate.SEEN.append('load')\ndef __hot_dispose__():\n    gate.SEEN.append('dispose')\n"


def with_gate(ops: Ops, loader: Loader) -> Any:
    ops.write(m="import gate\n", gate="import threading\nSEEN = []\ngo = threading.Event()\n")
    return loader.load("m").module("gate")


def test_the_dispose_hook_is_called_once_where_it_is_defined_by_then(ops: Ops, loader: Loader) -> None:
    """Of a module that failed below it; of one that was discarded; not of one that failed above it."""
    gate = with_gate(ops, loader)
    ops.write(m=DISPOSE + "1/0\n")
    assert refused(loader.reload).left == ()
    assert gate.SEEN == ["load", "dispose"]

    ops.write(m=DISPOSE)
    loader.check()
    assert gate.SEEN == ["load", "dispose"] * 2

    ops.write(m="1/0\n" + DISPOSE)
    refused(loader.reload)
    assert gate.SEEN == ["load", "dispose"] * 2


def test_what_the_hook_puts_right_is_not_told(ops: Ops, loader: Loader) -> None:
    """It comes first, and may know how to end its own thread."""
    with_gate(ops, loader)
    ops.write(
        m="import threading\nend = threading.Event()\nthread = threading.Thread(target=end.wait, args=(20,))\n"
        "thread.start()\ndef __hot_dispose__():\n    end.set(); thread.join()\n1/0\n"
    )
    assert refused(loader.reload).left == ()


def test_a_hook_that_raises_is_told(ops: Ops, loader: Loader) -> None:
    """And the rest is cleared all the same."""
    with_gate(ops, loader)
    ops.write(m="import atexit\n@atexit.register\ndef __hot_dispose__(): raise ValueError('no')\n1/0\n")

    assert refused(loader.reload).left == (
        "__hot_dispose__ of m: ValueError: no",
        "atexit function '__hot_dispose__': taken away",
    )


def test_a_hook_that_does_not_end_is_told_with_its_thread(
    ops: Ops, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for a while, not for ever."""
    monkeypatch.setattr("hotd.loading.residue.PATIENCE", 0.1)
    gate = with_gate(ops, loader)
    ops.write(m="import gate\ndef __hot_dispose__(): gate.go.wait(20)\n1/0\n")

    error = refused(loader.reload)

    assert [re.sub(r" in time.*|, in .*:2", "", told) for told in error.left] == [
        "__hot_dispose__ of m: __hot_dispose__ of m did not end",
        "thread 'hotd-dispose-m' __hot_dispose__: still there",
    ]
    gate.go.set()
    join("hotd-dispose-m")
    eventually(lambda: still(loader) == ())


def test_what_the_hook_imports_leaves_no_edge(ops: Ops, loader: Loader) -> None:
    """A kept part does not come to know what only the refused candidate wanted."""
    ops.write(
        m="import kept\n", kept="import importlib\ndef find(name): return importlib.import_module(name)\n", late=""
    )
    loader.load("m")
    for ending in ("1/0\n", ""):
        ops.write(m=f"import kept\ndef __hot_dispose__(): kept.find('la' + 'te')\n{ending}")
        if ending:
            assert refused(loader.reload).left == ()
        else:
            assert loader.check().left == ()
        assert loader.current is not None
        assert loader.current.parts == ("kept", "m")


# --- an import that does not end -------------------------------------------------------------------------------------


def test_what_an_abandoned_import_did_so_far_is_cleared_while_it_hangs(ops: Ops, open_loader: Open) -> None:
    """And the rest when it ends; its hook is called then, once."""
    loader = open_loader()
    ops.write(m="import gate\n", gate=GATE + "SEEN = []\n")
    gate = loader.load("m").module("gate")
    ops.write(
        m="import atexit, gate\ndef bye(): pass\natexit.register(bye)\n"
        "def __hot_dispose__(): gate.SEEN.append('disposed')\n"
        "gate.polling.set()\ngate.go.wait(20)\natexit.register(bye)\n1/0\n"
    )
    errors: list[LoadRejected] = []
    loading = threading.Thread(target=lambda: errors.append(refused(loader.reload)))
    loading.start()
    assert gate.polling.wait(10)

    (residue,) = loader.abandon()
    told = loader.clear(residue, hooks=False)

    assert told == ("atexit function 'bye': taken away",)
    assert gate.SEEN == []
    gate.go.set()
    loading.join(10)
    assert errors[0].left == told
    assert gate.SEEN == ["disposed"]
    assert still(loader) == ()


def test_ctrl_c_clears_too(ops: Ops, open_loader: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the load; what that had registered is taken away without waiting for any hook."""

    def interrupted(candidate: Candidate, wanted: list[str]) -> None:
        execute(candidate, wanted)
        raise KeyboardInterrupt

    ops.write(m="import atexit\n@atexit.register\ndef __hot_dispose__(): raise SystemExit\n")
    monkeypatch.setattr(attempt, "execute", interrupted)

    with pytest.raises(KeyboardInterrupt):
        open_loader().load("m")

    assert not any(getattr(fn, "__name__", "") == "__hot_dispose__" for fn in at_exit())
