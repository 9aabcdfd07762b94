"""Threads belong to the generation whose code started them."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from hotd.loading import Loader
from hotd.loading.imports import threads
from tests.integration.loading.conftest import Ops

ROLE: contextvars.ContextVar[str] = contextvars.ContextVar("ROLE", default="nobody")
OTHER: contextvars.ContextVar[str] = contextvars.ContextVar("OTHER", default="nobody")


def test_a_thread_without_managed_frames_resolves_names_as_its_starter(ops: Ops, loader: Loader) -> None:
    """A library's worker that old code started, and that looks a name up, finds old code."""
    ops.write(
        m="""
        import importlib, threading
        X = 1
        def look(out): t = threading.Thread(target=lambda_of(out)); t.start(); t.join()
        def lambda_of(out):
            import functools
            return functools.partial(run, out)
        from outside import run
        """
    )
    outside = ModuleType("outside")
    exec("import sys\ndef run(out): out.append(sys.modules['m'].X)\n", vars(outside))
    sys.modules["outside"] = outside
    try:
        old = loader.load("m").module("m")
        ops.write_file("m.py", (ops.root / "m.py").read_text().replace("X = 1", "X = 2"))
        new = loader.reload().module("m")
        out: list[int] = []

        old.look(out)
        new.look(out)
        outside.run(out)

        assert out == [1, 2, 2]
    finally:
        del sys.modules["outside"]


def test_running_in_a_generation_outranks_who_called(ops: Ops, loader: Loader) -> None:
    """Old code that calls into a generation, by `Generation.run`, is not asked any more."""
    ops.write(m="X = 1\ndef call(fn, *args): return fn(*args)\n")
    old = loader.load("m").module("m")
    ops.write(m="X = 2\n")
    new = loader.reload()

    def look() -> int:
        found: int = sys.modules["m"].X
        return found

    assert (old.call(look), old.call(new.run, look), look()) == (1, 2, 2)


def test_registered_variables_are_inherited_and_others_are_not(loader: Loader) -> None:
    """The daemon's idea of "this instance" reaches the threads that the instance starts."""
    threads.inherit(ROLE)
    seen: list[tuple[str, str]] = []

    def work() -> None:
        ROLE.set("worker")
        OTHER.set("worker")
        child = threading.Thread(target=lambda: seen.append((ROLE.get(), OTHER.get())))
        child.start()
        child.join()

    contextvars.copy_context().run(work)
    plain = threading.Thread(target=lambda: seen.append((ROLE.get(), OTHER.get())))
    plain.start()
    plain.join()

    assert seen == [("worker", "nobody"), ("nobody", "nobody")]


def test_a_generation_s_threads_go_on_after_the_loader_is_closed(ops: Ops, loader: Loader) -> None:
    """Closing takes the hooks away, not the code: old work still imports what its snapshot has."""
    ops.write(
        m="""
        import threading
        go = threading.Event()
        out = []
        def work():
            go.wait(10)
            from helper import k
            out.append(k)
        """,
        helper="k = 1\n",
    )
    m = loader.load("m").module("m")
    thread = threading.Thread(target=m.work)
    thread.start()
    (ops.root / "helper.py").unlink()

    loader.close()
    m.go.set()
    thread.join(10)

    assert m.out == [1]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns fifty times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 50)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_six_busy_threads_never_mix_generations(ops: Ops, loader: Loader) -> None:
    """While the code is swapped twenty times, every step runs wholly in one generation."""

    def program(version: int) -> list[Path]:
        return ops.write(
            low=f"V = {version}\ndef value(): return V\n",
            mid=f"import low\nV = {version}\ndef pair(): return V, low.value()\n",
            top=f"import mid\nV = {version}\ndef step():\n    import low\n    return (V, *mid.pair(), low.V)\n",
        )

    program(0)
    loader.load("top")
    stop = threading.Event()

    def work() -> list[tuple[int, ...]]:
        mixed = []
        while not stop.is_set():
            current = loader.current
            assert current is not None
            found = current.module("top").step()
            if len(set(found)) != 1:
                mixed.append(found)
        return mixed

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(work) for _ in range(6)]
        for version in range(1, 21):
            changed = program(version)
            assert loader.reload(changed).module("top").step() == (version,) * 4
        stop.set()

    assert [one.result() for one in running] == [[]] * 6
