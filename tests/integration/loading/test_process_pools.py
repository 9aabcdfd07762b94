"""Pools of processes that are kept over a reload."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import weakref
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from hotd.loading import Loader
from tests.integration.loading.conftest import Ops
from tests.support.eventually import eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.slow,
]

PROGRAM = """
import os, steady
V = {v}
class Thing:
    pass
class Worker:
    def run(self, n): return V, n
def value(n): return V, n
def who(n): return V, os.getpid()
def use(pool, fn, *args): return pool.submit(fn, *args).result(30)
def each(pool, fn, items): return list(pool.map(fn, items))
def call(fn, *args): return fn(*args)
"""
STEADY = """
import os
V = "steady"
def value(n): return V, n
def who(n): return V, os.getpid()
def kind(thing): return type(thing).__name__
"""


@pytest.fixture
def two(ops: Ops, loader: Loader) -> Iterator[list[Any]]:
    """Old and new code that share one module."""
    ops.write(m=PROGRAM.format(v=1), steady=STEADY)
    found = [loader.load("m").module("m")]
    ops.write(m=PROGRAM.format(v=2))
    found.append(loader.reload().module("m"))
    yield found
    found.clear()  # pytest still holds it when the test is looked over for what it left


@pytest.fixture(params=["fork", "spawn"])
def pool(request: pytest.FixtureRequest) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(request.param)) as pool:
        yield pool


def test_a_kept_executor_does_the_work_of_who_started_it_and_refuses_other_code(
    two: list[Any], pool: ProcessPoolExecutor
) -> None:
    """New code's function would run as old code, and nobody would know; what is the same for both is done."""
    old, new = two
    assert old.use(pool, old.value, 1) == (1, 1)
    for work in (
        (new.value, 1),
        (new.Worker().run, 1),
        (functools.partial(new.value, 1),),
        (new.steady.kind, new.Thing()),
    ):
        with pytest.raises(RuntimeError, match="other code of m than the caller"):
            new.use(pool, *work)
    with pytest.raises(RuntimeError, match="other code of m"):
        new.each(pool, new.value, [1])
    # The second process comes for new code, and knows old code all the same.
    eventually(lambda: len({pid for _, pid in new.each(pool, new.steady.who, range(8))}) == 2, within=30)
    told: list[tuple[int, int]] = []

    def both() -> bool:
        told.extend(old.each(pool, old.who, range(8)))
        return len({pid for _, pid in told}) == 2

    eventually(both, within=30)
    assert {v for v, _ in told} == {1}
    assert new.use(pool, pow, 2, 3) == pool.submit(pow, 2, 3).result(30) == 8


def test_a_kept_executor_keeps_no_generation(ops: Ops, loader: Loader, pool: ProcessPoolExecutor) -> None:
    """Its processes do; this process lets go, and still knows whose they are."""
    ops.write(m=PROGRAM.format(v=1), steady=STEADY)
    old = loader.load("m").module("m")
    alive = weakref.ref(old.value)
    assert old.use(pool, old.value, 1) == (1, 1)
    ops.write(m=PROGRAM.format(v=2))
    new = loader.reload().module("m")
    del old
    gc.collect()
    assert alive() is None
    with pytest.raises(RuntimeError, match="other code of m"):
        new.use(pool, new.value, 1)


def test_a_kept_pool_of_multiprocessing_refuses_other_code(two: list[Any]) -> None:
    """By whichever of its methods; a pool of threads does everybody's work."""
    old, new = two
    context = multiprocessing.get_context("fork")
    with old.call(context.Pool, 1) as pool:
        assert old.each(pool, old.value, [1]) == [(1, 1)]
        for way in (pool.map, pool.imap, pool.imap_unordered, pool.apply_async, pool.starmap, pool.map_async):
            with pytest.raises(RuntimeError, match="other code of m"):
                new.call(way, new.value, [(1,)])
        assert new.call(pool.apply, new.steady.value, (1,)) == ("steady", 1)
        pool.close()
        pool.join()
    with old.call(context.Pool, 1) as pool:
        pool.close()
        pool.join()
    from multiprocessing.pool import ThreadPool

    with old.call(ThreadPool, 1) as threads:
        assert [m.call(threads.apply, m.value, (0,)) for m in two] == [(1, 0), (2, 0)]
        threads.close()
        threads.join()


def test_processes_that_nobody_saw_start_are_not_judged(ops: Ops) -> None:
    """A pool that worked before any loader was open works on."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert pool.submit(pow, 2, 2).result(30) == 4
        ops.write(m=PROGRAM.format(v=1), steady=STEADY)
        with Loader([ops.root]) as loader:
            m = loader.load("m").module("m")
            assert m.use(pool, pow, 2, 3) == 8
            del m
