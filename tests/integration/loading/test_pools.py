"""Work belongs to the generation that asked for it, whoever's thread does it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from hotd.loading import Loader
from hotd.loading.imports import threads
from tests.integration.loading.conftest import Ops

PROGRAM = """
import asyncio, threading, _thread, contextvars
import kept, outside
V = {v}
class C: pass
def value():
    from helper import k
    return V, k
def submit(fn, *args): return kept.POOL.submit(fn, *args)
def mapped(fn): return list(kept.POOL.map(lambda _: fn(), [1]))[0]
def through(fn): return asyncio.run(asyncio.to_thread(fn))
def in_executor(fn):
    async def main(): return await asyncio.get_running_loop().run_in_executor(kept.POOL, fn)
    return asyncio.run(main())
def queued(fn):
    done = kept.Q.SimpleQueue()
    kept.WORK.put((fn, done))
    return done.get(timeout=10)
def bare(fn):
    done = kept.Q.SimpleQueue()
    _thread.start_new_thread(lambda: done.put(fn()), ())
    return done.get(timeout=10)
def timer(fn, wait):
    done = kept.Q.SimpleQueue()
    def body(): wait(); done.put(fn())
    threading.Timer(0, outside.after, (wait, fn, done)).start()
    return done
"""
KEPT = """
import queue as Q, threading
from concurrent.futures import ThreadPoolExecutor
POOL = ThreadPoolExecutor(1)
WORK = Q.SimpleQueue()
def serve():
    while (work := WORK.get()) is not None:
        work[1].put(work[0]())
SERVER = threading.Thread(target=serve, name="kept-server")
SERVER.start()
"""
OUTSIDE = """
import sys
def look(): return sys.modules["m"].V
def after(wait, fn, done):
    wait()
    done.put(fn())
"""


@pytest.fixture
def outside() -> Iterator[Any]:
    """A library: it resolves the name by itself, and none of its frames is managed."""
    module = ModuleType("outside")
    exec(OUTSIDE, vars(module))
    sys.modules["outside"] = module
    yield module
    del sys.modules["outside"]


class Two:
    """Old and new code with one kept module, whose pool has one worker: started by old code."""

    def __init__(self, ops: Ops, loader: Loader) -> None:
        self.loader = loader
        ops.write(m=PROGRAM.format(v=1), kept=KEPT, helper="k = 'one'\n")
        self.old: Any = loader.load("m").module("m")
        self.kept: Any = self.old.kept
        self.old.submit(int).result(10)
        ops.write(m=PROGRAM.format(v=2), helper="k = 'two'\n")
        self.new: Any = loader.reload().module("m")
        assert self.new.kept is self.kept


@pytest.fixture
def two(ops: Ops, loader: Loader, outside: Any) -> Iterator[Two]:
    two = Two(ops, loader)
    yield two
    two.kept.WORK.put(None)
    two.kept.SERVER.join(10)
    two.kept.POOL.shutdown()
    vars(two).clear()  # pytest still holds it when the test is looked over for what it left


@pytest.mark.parametrize("how", ["mapped", "through", "in_executor", "queued", "bare"])
def test_managed_code_is_at_home_on_every_thread(two: Two, how: str) -> None:
    """Old and new functions take turns on one worker; each imports its own helper, for the first time and later."""
    for _ in range(2):
        assert getattr(two.new, how)(two.new.value) == (2, "two")
        assert getattr(two.old, how)(two.old.value) == (1, "one")


@pytest.mark.parametrize("how", ["mapped", "through", "in_executor"])
def test_a_library_working_for_old_code_finds_old_code(two: Two, outside: Any, how: str) -> None:
    """Whoever started the worker; what nobody's code hands to it finds the head."""
    for _ in range(2):
        assert getattr(two.new, how)(outside.look) == 2
        assert getattr(two.old, how)(outside.look) == 1
        assert two.kept.POOL.submit(outside.look).result(10) == 2


def test_objects_are_pickled_and_read_back_in_a_shared_pool(two: Two) -> None:
    """An instance of an old class comes back as one, through a worker that new code uses too."""
    for m in (two.new, two.old):
        data = m.submit(pickle.dumps, m.C()).result(10)
        assert type(m.submit(pickle.loads, data).result(10)) is m.C


def test_a_backlog_is_worked_off_in_the_code_that_piled_it_up(two: Two, outside: Any) -> None:
    """The one worker is busy while both generations queue."""
    go = threading.Event()
    blocker = two.kept.POOL.submit(go.wait, 10)
    queued: list[tuple[Future[object], object]] = []
    for _ in range(10):
        for m, value in ((two.old, (1, "one")), (two.new, (2, "two"))):
            queued += [(m.submit(m.value), value), (m.submit(outside.look), value[0])]
    go.set()
    assert blocker.result(10)
    assert [(future.result(10), value) for future, value in queued] == [(value, value) for _, value in queued]


def test_a_timer_of_old_code_goes_off_in_old_code(two: Two, outside: Any) -> None:
    """Long after the swap, in the thread of a library."""
    go = threading.Event()
    waiting = [m.timer(outside.look, lambda: go.wait(10)) for m in (two.old, two.new)]
    go.set()
    assert [done.get(timeout=10) for done in waiting] == [1, 2]


def test_an_idle_worker_keeps_nobody_and_queued_work_does(ops: Ops, loader: Loader, outside: Any) -> None:
    """A pool outlives many generations; what was not done yet still needs its own."""
    ops.write(m="V = 1\ndef submit(pool, fn): return pool.submit(fn)\n")
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        old = loader.load("m")
        alive = weakref.ref(old.module("m").submit)
        pool.submit(go.wait, 10)
        waiting = old.module("m").submit(pool, outside.look)
        del old
        ops.write(m="V = 2\ndef submit(pool, fn): return pool.submit(fn)\n")
        loader.reload()
        gc.collect()
        go.set()
        assert waiting.result(10) == 1
        assert pool.submit(outside.look).result(10) == 2
        gc.collect()
        assert alive() is None


def test_a_failure_in_a_pool_keeps_nobody(ops: Ops, loader: Loader) -> None:
    """A library's exception, kept in its future, holds no generation."""
    ops.write(m="V = 1\ndef submit(pool, fn, *args): return pool.submit(fn, *args)\n")
    with ThreadPoolExecutor(1) as pool:
        old = loader.load("m")
        alive = weakref.ref(old.module("m").submit)
        failed = old.module("m").submit(pool, int, "x").exception(10)
        del old
        ops.write(m="V = 2\n")
        loader.reload()
        gc.collect()
        assert isinstance(failed, ValueError)
        assert alive() is None


def test_a_thread_stays_its_starter_s_in_a_context_of_its_own(two: Two, outside: Any) -> None:
    """asyncio, frameworks: what runs in a fresh or a foreign context is still the thread's."""
    seen: list[int] = []
    thread = two.old.threading.Thread(target=lambda: seen.append(contextvars.Context().run(outside.look)))
    two.old.submit(thread.start).result(10)
    thread.join(10)
    assert seen == [1]


def test_threads_that_are_equal_are_not_mixed_up(two: Two, outside: Any) -> None:
    """A Thread subclass may define equality; each thread belongs to its own starter all the same."""

    class Same(threading.Thread):
        def __init__(self) -> None:
            super().__init__()
            self.seen: object = None

        def run(self) -> None:
            self.seen = outside.look()

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    old, new = Same(), Same()
    for m, thread in ((two.old, old), (two.new, new)):
        m.submit(threading.Thread.start, thread).result(10)
    for thread in (old, new):
        thread.join(10)
    assert (old.seen, new.seen) == (1, 2)


ROLE: contextvars.ContextVar[str] = contextvars.ContextVar("POOL_ROLE", default="nobody")


def test_registered_variables_go_with_the_work(loader: Loader) -> None:
    """The output of a pool that two instances share is that of whoever asked, and not of who came first."""
    threads.inherit(ROLE)

    def ask(role: str) -> str:
        def work() -> str:
            ROLE.set(role)
            return pool.submit(ROLE.get).result(10)

        return contextvars.copy_context().run(work)

    with ThreadPoolExecutor(1) as pool:
        assert [ask("first"), ask("second"), pool.submit(ROLE.get).result(10)] == ["first", "second", "nobody"]


def test_a_loop_s_own_executor_is_a_pool_like_any_other(two: Two, outside: Any) -> None:
    """``run_in_executor(None, …)``, from coroutines of both generations on one loop."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(None, m.submit_now, outside.look) for m in (two.old, two.new, two.old)]

    for m in (two.old, two.new):
        exec("def submit_now(fn): return kept.POOL.submit(fn).result(10)", vars(m))
    assert asyncio.run(main()) == [1, 2, 1]
