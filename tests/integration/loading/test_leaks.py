"""Gone means gone: what of an old generation is in memory is told, and by whom it is held."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import functools
import gc
import logging
import re
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from hotd.contract.errors import Busy
from hotd.loading import Loader, Pool
from tests.integration.loading.conftest import Open, Ops

CODE = """\
import contextvars
import logging
import weakref

VERSION = {version}


class Bare:
    pass


class Plugin:
    slow = None

    def run(self):
        return VERSION

    def wait(self):
        self.slow.wait()


class AuditFilter(logging.Filter):
    pass


class Handler(logging.Handler):
    def emit(self, record): pass


class Formatter(logging.Formatter):
    pass


def on_exit(*args):
    return VERSION


def steps():
    here = Plugin()
    yield here


async def poll(future):
    await future


def fail():
    1 / 0
"""


@contextmanager
def library(name: str) -> Iterator[Any]:
    """A module that is not managed: imported by whoever wants it, never executed again."""
    module: Any = ModuleType(name)
    module.REGISTRY, module.LIST, module.local = {}, [], threading.local()
    module.Hub = type("Hub", (), {"__module__": name})
    module.hub = module.Hub()
    module.hub.callbacks = []

    @functools.lru_cache
    def lookup(key: object) -> int:
        return 1

    @functools.singledispatch
    def area(shape: object) -> int:
        return 0

    module.lookup, module.area = lookup, area
    sys.modules[name] = module
    yield module
    del sys.modules[name]


@pytest.fixture
def lib() -> Iterator[Any]:
    with library("some_lib") as module:
        yield module


Hold = Callable[[Any, Any, ExitStack], object]
"""Given the old generation's module, the library, and where to put what lets go again."""


def on_logger(module: Any, lib: Any, undo: ExitStack) -> None:
    one = module.AuditFilter()
    logging.getLogger().addFilter(one)
    undo.callback(logging.getLogger().filters.clear)


def on_handler(module: Any, lib: Any, undo: ExitStack) -> None:
    handler = logging.StreamHandler()
    handler.addFilter(module.AuditFilter())
    logging.getLogger("hot.test").addHandler(handler)
    undo.callback(logging.getLogger("hot.test").handlers.clear)


def as_handler(module: Any, lib: Any, undo: ExitStack) -> None:
    logging.getLogger("hot.test").addHandler(module.Handler())
    undo.callback(logging.getLogger("hot.test").handlers.clear)


def as_formatter(module: Any, lib: Any, undo: ExitStack) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(module.Formatter())
    logging.getLogger("hot.test").addHandler(handler)
    undo.callback(logging.getLogger("hot.test").handlers.clear)


def function_as_filter(module: Any, lib: Any, undo: ExitStack) -> None:
    logging.getLogger().addFilter(module.on_exit)
    undo.callback(logging.getLogger().filters.clear)


def unattached_handler(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.LIST.append(module.Handler())
    undo.callback(lib.LIST.clear)


def at_exit(module: Any, lib: Any, undo: ExitStack) -> None:
    undo.callback(atexit.unregister, atexit.register(module.on_exit))


def method_at_exit(module: Any, lib: Any, undo: ExitStack) -> None:
    undo.callback(atexit.unregister, atexit.register(module.Plugin().run))


def in_a_dict(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.REGISTRY["k"] = module.on_exit
    undo.callback(lib.REGISTRY.clear)


def as_a_key(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.REGISTRY[module.Plugin] = 1
    undo.callback(lib.REGISTRY.clear)


def class_without_functions(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.LIST.append(module.Bare)
    undo.callback(lib.LIST.clear)


def object_of_it(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.LIST.append(module.Bare())
    undo.callback(lib.LIST.clear)


def bound_method(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.hub.callbacks.append(module.Plugin().run)
    undo.callback(lib.hub.callbacks.clear)


def class_attribute(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.Hub.seen = module.Plugin()
    undo.callback(setattr, lib.Hub, "seen", None)


def in_a_cache(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.lookup(module.Plugin())
    undo.callback(lib.lookup.cache_clear)


def dispatched(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.area.register(module.Plugin, lambda shape: 1)
    undo.callback(lib.__dict__.pop, "area")


def on_signal(module: Any, lib: Any, undo: ExitStack) -> None:
    undo.callback(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, module.on_exit))


def generator(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.LIST.append(module.steps())
    next(lib.LIST[0])
    undo.callback(lib.LIST.clear)


def last_value(module: Any, lib: Any, undo: ExitStack) -> None:
    # On a thread of its own, because an exception holds its callers' frames too, and with them whatever tests hold.
    thread = threading.Thread(target=keep_what_is_raised, args=(module.fail,))
    thread.start()
    thread.join()
    undo.callback(delattr, sys, "last_value")


def keep_what_is_raised(fail: Callable[[], object]) -> None:
    try:
        fail()
    except ZeroDivisionError as error:
        sys.last_value = error


def context_variable(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.VAR = contextvars.ContextVar("request")
    lib.LIST.append(contextvars.Context())
    lib.LIST[0].run(lib.VAR.set, module.Plugin())
    undo.callback(lib.LIST.clear)


def thread_variable(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.local.x = module.Plugin()
    undo.callback(delattr, lib.local, "x")


def finalizer(module: Any, lib: Any, undo: ExitStack) -> None:
    finalize = weakref.finalize(lib.hub, module.on_exit)
    finalize.atexit = False
    undo.callback(finalize.detach)


def false_module(module: Any, lib: Any, undo: ExitStack) -> None:
    sys.modules["false_module"] = module.Plugin()
    undo.callback(sys.modules.pop, "false_module")


def running_thread(module: Any, lib: Any, undo: ExitStack) -> None:
    go, one = threading.Event(), module.Plugin()
    one.slow = go
    thread = threading.Thread(target=one.wait, name="poller")
    thread.start()
    undo.callback(thread.join)
    undo.callback(go.set)


def timer(module: Any, lib: Any, undo: ExitStack) -> None:
    thread = threading.Timer(60, module.on_exit)
    thread.name = "later"
    thread.start()
    undo.callback(thread.join)
    undo.callback(thread.cancel)


def other_thread(module: Any, lib: Any, undo: ExitStack) -> None:
    go, begun, box = threading.Event(), threading.Event(), [module.Plugin()]

    def hold() -> None:
        kept = box.pop()
        begun.set()
        go.wait()
        del kept

    thread = threading.Thread(target=hold, name="keeper")
    thread.start()
    assert begun.wait(10)
    undo.callback(thread.join)
    undo.callback(go.set)


def objects_by_the_thousand(module: Any, lib: Any, undo: ExitStack) -> None:
    lib.LIST.extend(module.Plugin() for _ in range(5_000))
    undo.callback(lib.LIST.clear)


KINDS: dict[str, tuple[Hold, str]] = {
    "a filter": (on_logger, "logging filter 'AuditFilter' on logger 'root'"),
    "a filter of a handler": (
        on_handler,
        "logging filter 'AuditFilter' on handler 'StreamHandler' of logger 'hot.test'",
    ),
    "a handler": (as_handler, "logging handler 'Handler' on logger 'hot.test'"),
    "a formatter": (as_formatter, "logging formatter 'Formatter' of handler 'StreamHandler' of logger 'hot.test'"),
    "a function as filter": (function_as_filter, "logging filter 'on_exit' on logger 'root'"),
    "a handler in a list": (unattached_handler, "some_lib.LIST[0], an object of class 'Handler'"),
    "at exit": (at_exit, "atexit function 'on_exit'"),
    "a method at exit": (method_at_exit, "atexit method 'Plugin.run'"),
    "a registry": (in_a_dict, "some_lib.REGISTRY['k'], function 'on_exit'"),
    "a key": (as_a_key, "some_lib.REGISTRY (a key of it), class 'Plugin'"),
    "a class without functions": (class_without_functions, "some_lib.LIST[0], class 'Bare'"),
    "an object of one": (object_of_it, "some_lib.LIST[0], an object of class 'Bare'"),
    "a method": (bound_method, "some_lib.hub.callbacks[0], method 'Plugin.run'"),
    "an attribute of a class": (class_attribute, "some_lib.Hub.seen, an object of class 'Plugin'"),
    "a cache": (in_a_cache, "some_lib.lookup (its cache)[0], an object of class 'Plugin'"),
    "singledispatch": (dispatched, "some_lib.area.registry (a key of it), class 'Plugin'"),
    "a signal": (on_signal, "signal handler for SIGUSR1, function 'on_exit'"),
    "a generator": (generator, "some_lib.LIST[0], generator 'steps'"),
    "an exception": (last_value, "sys.last_value (the traceback of ZeroDivisionError)REST"),
    "a context variable": (context_variable, "some_lib.LIST[0] (a context), an object of class 'Plugin'"),
    "a variable of a thread": (thread_variable, "some_lib.local[KEY]['x'], an object of class 'Plugin'"),
    "a finalizer": (finalizer, "weakref.finalize of 'on_exit'"),
    "a module by name": (false_module, "sys.modules['false_module'], an object of class 'Plugin'"),
    "a thread": (running_thread, "running thread 'poller', which stands in wait (ROOT/m.py:19)"),
    "a timer": (timer, "thread 'later', function 'on_exit'"),
    "a variable of another thread": (
        other_thread,
        "local variable 'kept' of hold (HERE), in thread 'keeper', an object of class 'Plugin'",
    ),
    "objects by the thousand": (objects_by_the_thousand, "some_lib.LIST[N], an object of class 'Plugin'"),
}


def fits(phrase: str, told: str, ops: Ops) -> bool:
    """Whether that was told; what differs from run to run is left open."""
    pattern = re.escape(phrase).replace("ROOT", re.escape(str(ops.root))).replace("HERE", rf"{re.escape(__file__)}:\d+")
    return (
        re.fullmatch(pattern.replace("KEY", r".+").replace("REST", r".+").replace("\\[N\\]", r"\[(\d+|…)\]"), told)
        is not None
    )


def old_generation(ops: Ops, loader: Loader, hold: Callable[[ModuleType], object] = lambda module: None) -> None:
    """g1 is held by somebody, and retired."""
    ops.write(m=CODE.format(version=1))
    generation = loader.load("m")
    hold(generation.module("m"))
    ops.write(m=CODE.format(version=2))
    loader.reload()
    loader.retire(generation)


def test_a_leak_is_told_with_its_holder_until_that_lets_go(ops: Ops, loader: Loader) -> None:
    """In words that people know; and when the holders let go there is no leak any more."""
    parts = {f"m{number}": kind for number, kind in enumerate(KINDS)}
    ops.write(main="".join(f"import {part}\n" for part in parts), **dict.fromkeys(parts, CODE.format(version=1)))
    generation = loader.load("main")
    with ExitStack() as undo:
        for part, kind in parts.items():
            lib = undo.enter_context(library(f"lib_{part}"))
            KINDS[kind][0](generation.module(part), lib, undo)
        ops.write(**dict.fromkeys(parts, CODE.format(version=2)))
        loader.reload()
        loader.retire(generation)
        del generation

        del lib
        (leak,) = loader.leaks()

        assert (leak.generation, set(leak.parts)) == (1, {*parts})
        for part, kind in parts.items():
            sentinels = tuple(one for one in leak.sentinels if one.part == part)
            told = [holder.what for holder in replace(leak, sentinels=sentinels).holders()]
            phrase = KINDS[kind][1].replace("m.py", f"{part}.py").replace("some_lib", f"lib_{part}")
            assert len(told) == 1 and fits(phrase, told[0], ops), (kind, told)
    assert loader.leaks() == ()
    assert leak.holders() == ()


def test_nothing_is_left_of_a_generation_that_nobody_holds(ops: Ops, loader: Loader) -> None:
    """Modules, classes and functions, in cycles as ever: collected."""
    old_generation(ops, loader)

    assert loader.leaks() == ()


def test_a_generation_that_was_only_dropped_is_missed_too(ops: Ops, loader: Loader, lib: Any) -> None:
    """Who uses a loader alone need not say that he is done: what nobody can get at through a generation is a leak."""
    ops.write(m=CODE.format(version=1))
    loader.load("m")
    lib.LIST.append(loader.current.module("m").on_exit) if loader.current else None
    assert loader.leaks() == ()
    ops.write(m=CODE.format(version=2))
    loader.reload()

    assert [(leak.generation, leak.parts) for leak in loader.leaks()] == [(1, ("m",))]
    lib.LIST.clear()
    assert loader.leaks() == ()


def test_a_generation_that_somebody_keeps_is_no_leak_until_it_is_retired(ops: Ops, loader: Loader, lib: Any) -> None:
    """An undo may come; after ``retire`` it may not, and whoever keeps the generation is told of."""
    ops.write(m=CODE.format(version=1))
    lib.LIST.append(loader.load("m"))
    ops.write(m=CODE.format(version=2))
    loader.reload()
    assert loader.leaks() == ()

    loader.retire(lib.LIST[0])

    (leak,) = loader.leaks()
    assert [holder.what for holder in leak.holders()] == ["some_lib.LIST[0], generation g1"]
    loader.promote(lib.LIST[0])
    assert loader.leaks() == ()
    lib.LIST.clear()


def test_current_cannot_be_retired(ops: Ops, loader: Loader) -> None:
    """New work would begin on something that is to go."""
    ops.write(m="X = 1\n")
    with pytest.raises(Busy, match="g1 is current"):
        loader.retire(loader.load("m"))


def test_what_generations_share_is_a_leak_when_the_last_of_them_is_gone(ops: Ops, loader: Loader, lib: Any) -> None:
    """A helper that did not change belongs to all of them."""
    ops.write(helper="def f(): pass\n", m="import helper\nV = 1\n")
    g1 = loader.load("m")
    lib.LIST.append(g1.module("helper").f)
    ops.write(m="import helper\nV = 2\n")
    g2 = loader.reload()
    loader.retire(g1)
    del g1
    assert loader.leaks() == ()
    ops.write(helper="def f(): return 1\n")
    loader.reload()
    assert loader.leaks() == ()

    assert loader.retire(g2) == {"helper", "m"}
    del g2

    assert [(leak.generation, leak.parts) for leak in loader.leaks()] == [(2, ("helper",))]
    lib.LIST.clear()
    assert loader.leaks() == ()


def test_what_another_loader_uses_is_no_leak(ops: Ops, open_loader: Open) -> None:
    """Two hosted modules share a helper: one of them moves on, the other stays."""
    pool = Pool()
    ops.write(helper="def f(): pass\n", a="import helper\n", b="import helper\n")
    one, other = open_loader(pool=pool), open_loader(pool=pool)
    g1, b1 = one.load("a"), other.load("b")
    assert g1.module("helper") is b1.module("helper")
    ops.write(helper="def f(): return 1\n")
    one.reload()

    assert one.retire(g1) == {"a"}
    del g1
    assert one.leaks() == other.leaks() == ()
    function = b1.module("helper").f
    other.reload()
    other.retire(b1)
    del b1
    # Either line of generations had it.
    assert [leak.parts for leak in one.leaks()] == [leak.parts for leak in other.leaks()] == [("helper",)]
    del function
    assert one.leaks() == other.leaks() == ()


def test_what_old_code_imports_after_the_swap_is_watched_too(ops: Ops, loader: Loader, lib: Any) -> None:
    """A name that only running the code gives away is of the generation that asked for it."""
    ops.write(m="import importlib\ndef late(name):\n    return importlib.import_module(name)\n", late="def f(): pass\n")
    late = loader.load("m").module("m").late
    ops.write(m="V = 2\n")
    loader.reload()
    lib.LIST.append(late("late").f)
    del late

    assert [(leak.generation, leak.parts) for leak in loader.leaks()] == [(1, ("late",))]
    lib.LIST.clear()


def test_an_asyncio_task_is_told_with_the_line_that_it_waits_in(ops: Ops, loader: Loader) -> None:
    """A task holds its coroutine, and that the code."""

    async def main() -> list[str]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tasks = []
        old_generation(ops, loader, lambda module: tasks.append(asyncio.create_task(module.poll(future), name="Poll")))
        await asyncio.sleep(0)
        (leak,) = loader.leaks()
        told = [holder.what for holder in leak.holders()]
        future.set_result(None)
        await tasks.pop()
        return told

    assert asyncio.run(main()) == [f"asyncio task 'Poll', which waits in poll ({ops.root}/m.py:44)"]


def test_a_later_generation_is_told_as_such(ops: Ops, loader: Loader) -> None:
    """New code that keeps an old object: the most natural leak of all."""
    ops.write(helper="class Job:\n    def run(self): pass\n", m="import helper\nKEPT = []\n")
    g1 = loader.load("m")
    old = g1.module("helper").Job()
    ops.write(helper="class Job:\n    def run(self): return 2\n")
    g2 = loader.reload()
    g2.module("m").KEPT.append(old)
    loader.retire(g1)
    del g1, old

    (leak,) = loader.leaks()

    assert [holder.what for holder in leak.holders()] == ["m of g2.KEPT[0], an object of class 'Job'"]
    g2.module("m").KEPT.clear()


def test_several_holders_are_told_each_once(ops: Ops, loader: Loader, lib: Any) -> None:
    """The shortest way to each; of very many some."""
    with ExitStack() as undo:

        def hold(module: Any) -> None:
            on_logger(module, lib, undo)
            at_exit(module, lib, undo)
            in_a_dict(module, lib, undo)
            lib.ALIAS = lib.REGISTRY

        old_generation(ops, loader, hold)
        del hold

        (leak,) = loader.leaks()

        told = {holder.what.replace("ALIAS", "REGISTRY") for holder in leak.holders()}
        assert told == {KINDS[kind][1] for kind in ("a filter", "at exit", "a registry")}


def test_a_running_thread_shows_its_stack(ops: Ops, loader: Loader, lib: Any) -> None:
    """Where it stands, innermost last, with the lines of its own generation."""
    with ExitStack() as undo:
        old_generation(ops, loader, lambda module: running_thread(module, lib, undo))
        (leak,) = loader.leaks()

        (holder,) = leak.holders()

        assert holder.stack is not None
        assert "self.slow.wait()" in holder.stack and str(ops.root / "m.py") in holder.stack


def test_what_nothing_named_holds_is_told_as_that(ops: Ops, loader: Loader) -> None:
    """An honest last word: how many objects of which type."""
    box: list[Any] = []
    old_generation(ops, loader, lambda module: box.append(iter([module.on_exit])))
    nameless = box.pop()  # by this function's frame alone, and what the thread that asks runs is left out
    (leak,) = loader.leaks()

    (holder,) = leak.holders()

    assert holder.what == "an object of type 'list_iterator' that nothing named holds"
    del nameless


def test_the_search_comes_to_an_end_in_time(ops: Ops, loader: Loader, lib: Any) -> None:
    """Whoever asks waits no longer than he said, and is told that it was not enough."""
    old_generation(ops, loader, lambda module: lib.LIST.append(module.on_exit))
    (leak,) = loader.leaks()

    assert [holder.what for holder in leak.holders(within=0.0)] == ["something that could not be found in time"]
    lib.LIST.clear()


def test_looking_for_holders_runs_nothing_of_theirs(ops: Ops, loader: Loader, lib: Any) -> None:
    """No repr, no attribute, no comparison, no hash: whatever a class makes of those."""

    class Rude(type):
        def __getattribute__(cls, name: str) -> Any:
            raise AssertionError(name)

        def __hash__(cls) -> int:
            raise AssertionError("hash")

        def __eq__(cls, other: object) -> bool:
            raise AssertionError("eq")

    class Shy(metaclass=Rude):
        def __init__(self, kept: object) -> None:
            object.__setattr__(self, "kept", kept)

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        def __repr__(self) -> str:
            raise AssertionError("repr")

    def hold(module: Any) -> None:
        module.one = Shy(module.on_exit)
        lib.LIST.append(module.one)

    old_generation(ops, loader, hold)

    (leak,) = loader.leaks()

    assert [holder.what for holder in leak.holders()] == ["some_lib.LIST[0].kept, function 'on_exit'"]
    lib.LIST.clear()


def test_looking_for_holders_imports_nothing(
    ops: Ops, loader: Loader, lib: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is to be imported at its first use is used by nobody who only looks; nor are theirs asked."""

    class Lazy(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    def hold(module: Any) -> None:
        lib.LIST.append(module.on_exit)
        module.__class__ = Lazy

    monkeypatch.setitem(sys.modules, "some_lazy_library", Lazy("some_lazy_library"))
    old_generation(ops, loader, hold)

    (leak,) = loader.leaks()

    assert [holder.what for holder in leak.holders()] == ["some_lib.LIST[0], function 'on_exit'"]
    lib.LIST.clear()


def test_a_look_at_local_variables_leaves_nothing_behind(ops: Ops, loader: Loader, lib: Any) -> None:
    """What a function lets go of after the question is gone: no snapshot of its variables keeps it."""
    go, gone, end = threading.Event(), threading.Event(), threading.Event()
    box: list[Any] = []

    def hold() -> None:
        kept = box.pop()
        gone.set()
        go.wait()
        del kept
        gone.set()
        end.wait()

    old_generation(ops, loader, lambda module: box.append(module.Plugin()))
    thread = threading.Thread(target=hold, name="keeper")
    thread.start()
    assert gone.wait(10)
    gone.clear()
    (leak,) = loader.leaks()
    assert len(leak.holders()) == 1

    go.set()
    assert gone.wait(10)

    assert loader.leaks() == ()
    end.set()
    thread.join()


def test_a_closed_loader_has_no_leaks(ops: Ops, loader: Loader, lib: Any) -> None:
    """It let go of everything; who still runs it runs it."""
    old_generation(ops, loader, lambda module: lib.LIST.append(module.on_exit))
    loader.close()

    assert loader.leaks() == ()
    lib.LIST.clear()
    gc.collect()
