"""A forked child goes on alone, whatever other threads were in the middle of."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hotd.loading import Pool
from hotd.loading.imports import execution, standin
from tests.integration.loading.conftest import Open, Ops
from tests.integration.loading.locks import locks

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

GATES: dict[str, threading.Event] = {}

PROGRAM = """
import multiprocessing
V = {v}
def late():
    import slow
    from helper import k
    return V, slow.S, k
def computed():
    import importlib
    return importlib.import_module("".join(["plug", "in"])).P
def use_slow():
    import slow
def ask(what):
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=lambda: writer.send(what()))
    child.start()
    writer.close()
    try:
        assert reader.poll(30), "the child hangs"
        return reader.recv()
    finally:
        child.kill()
        child.join()
def within(fn):
    return fn()
"""
SLOW = """
from tests.integration.loading.test_forks import GATES
GATES["inside"].set()
GATES["go"].wait(60)
S = "slow"
"""


@contextmanager
def held(*locks: Any) -> Iterator[None]:
    """Another thread has all of these."""
    has, go = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        has.set()
        go.wait()
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    assert has.wait(10)
    try:
        yield
    finally:
        go.set()
        thread.join()


@pytest.fixture
def gates() -> Iterator[dict[str, threading.Event]]:
    GATES.update(inside=threading.Event(), go=threading.Event())
    yield GATES
    GATES.clear()


def test_a_child_does_not_wait_for_locks_of_threads_that_it_does_not_have(ops: Ops, open_loader: Open) -> None:
    """Old code's child imports lazily, and by computed names, while the parent is loading."""
    ops.write(m=PROGRAM.format(v=1), helper="k = 1\n", slow="S = 1\n", plugin="P = 1\n")
    pool = Pool()
    loader = open_loader(pool=pool)
    old = loader.load("m").module("m")
    ops.write(m=PROGRAM.format(v=2), helper="k = 2\n")
    loader.reload()
    assert old.ask(int) == 0  # whatever that imports in the parent is imported by now
    with held(pool.linking, execution._changed, standin._lock):
        assert old.ask(old.late) == (1, 1, 1)
        assert old.ask(old.computed) == 1
        assert old.ask(lambda: old.ask(old.computed)) == 1
    assert old.late() == (1, 1, 1)


def test_no_lock_of_ours_is_held_in_a_child(ops: Ops, open_loader: Open) -> None:
    """Whichever lock another thread has while somebody forks, the child has a new one."""
    ops.write(m=PROGRAM.format(v=1))
    loader = open_loader()
    ask = loader.load("m").module("m").ask
    assert ask(int) == 0

    def taken() -> list[str]:
        return [name for name, lock in locks().items() if not lock.acquire(blocking=False)]

    known = locks()
    assert len(known) > 12, "the locks are found"
    with held(*known.values()):
        assert ask(taken) == []


def test_a_child_imports_afresh_what_another_thread_is_importing(
    ops: Ops, open_loader: Open, gates: dict[str, threading.Event]
) -> None:
    """That thread is not in the child, and would never finish it; in the parent it does."""
    ops.write(m=PROGRAM.format(v=1), helper="k = 1\n", slow=SLOW)
    m = open_loader().load("m").module("m")
    thread = threading.Thread(target=m.use_slow)
    thread.start()
    try:
        assert gates["inside"].wait(10)

        def in_child() -> object:
            gates["go"].set()  # the child's own
            return m.late()

        assert m.ask(in_child) == (1, "slow", 1)
    finally:
        gates["go"].set()
        thread.join()
    assert m.late() == (1, "slow", 1)


def test_a_child_forked_within_an_import_goes_on_with_it(ops: Ops, open_loader: Open) -> None:
    """What the forking thread itself is executing stays half-done in its own hands, locks included."""
    ops.write(m="import os\nchild = os.fork()\nimport helper\n", helper="k = 7\n")
    me, m = os.getpid(), None
    loader = open_loader()
    try:
        m = loader.load("m").module("m")
    finally:
        if os.getpid() != me:
            os._exit(0 if m is not None and m.helper.k == 7 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(m.child, 0)[1]) == 0
    assert m.helper.k == 7
