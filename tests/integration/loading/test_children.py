"""Children of multiprocessing run the code of the generation that started them, however they are started."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from multiprocessing import forkserver
from typing import Any

import pytest

from hotd.loading import Loader
from tests.integration.loading.conftest import Ops

pytestmark = [
    # From 3.12 on a fork warns of other threads; here they are what is tested.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
    pytest.mark.slow,
]

PROGRAM = """
import importlib, importlib.resources, multiprocessing, pathlib, pkgutil, traceback
import helper, pkg.sub, space.part
try:
    import late
except ImportError:
    late = None
V = {v}
class Thing:
    def __init__(self): self.v = V
def fails():
    return 1 / 0  # line of {v}
def trace():
    try:
        fails()
    except ZeroDivisionError:
        return traceback.format_exc()
def facts():
    from lazy import k
    try:
        import later
        later = later.__name__
    except ImportError:
        later = None
    return dict(
        value=(V, helper.H, k, pkg.sub.S, space.part.P), late=late and late.__name__, later=later,
        file=__file__, where=pkg.sub.__file__, name=Thing.__module__, trace=trace(),
        data=(pathlib.Path(__file__).parent / "data.txt").read_text(),
        held=(pkgutil.get_data("pkg", "held.txt"), (importlib.resources.files(pkg) / "held.txt").read_bytes(),
              (importlib.resources.files("space") / "held.txt").read_bytes()),
        plugin=importlib.import_module("".join(["plug", "ins.one"])).ONE,
    )
def tell(writer, what):
    try:
        writer.send(what())
    except BaseException as error:
        writer.send(repr(error))
def ask(method, what=facts):
    context = multiprocessing.get_context(method)
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=tell, args=(writer, what))
    child.start()
    writer.close()
    told = reader.recv()
    child.join()
    return told
def grandchild():
    return ask("spawn", value)
def value():
    return V, helper.H
def thing():
    return Thing()
def call(fn):
    return fn()
"""


def write(ops: Ops, v: int) -> None:
    ops.write(m=PROGRAM.format(v=v), helper=f"H = {v}\n", lazy=f"k = {v}\n")
    ops.write(pkg__="", pkg__sub=f"S = {v}\n", space__part=f"P = {v}\n")
    for folder in ("pkg", "space"):
        ops.write_file(f"{folder}/held.txt", f"held {v}")


class Two:
    """Old and new code; what old code looked for in vain is there by now."""

    def __init__(self, ops: Ops, loader: Loader) -> None:
        write(ops, 1)
        ops.write_file("data.txt", "of the disk")
        ops.write(plugins__="", plugins__one="ONE = 1\n")
        self.root = ops.root
        self.loader = loader
        self.old: Any = loader.load("m").module("m")
        write(ops, 2)
        ops.write(late="", later="")
        self.new: Any = loader.reload().module("m")
        ops.write(lazy="k = 'of nobody'\n")
        ops.write_file("pkg/held.txt", "of nobody")


@pytest.fixture
def two(ops: Ops, loader: Loader) -> Iterator[Two]:
    two = Two(ops, loader)
    yield two
    vars(two).clear()  # pytest still holds it when the test is looked over for what it left


@pytest.fixture(autouse=True, scope="module")
def no_server_is_left() -> Iterator[None]:
    yield
    forkserver._forkserver._stop()  # type: ignore[attr-defined] # there is no public way to end one


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_runs_the_code_of_who_started_it(two: Two, method: str) -> None:
    """Whatever the disk holds: closure, lazy imports, packages; names that the generation lacks it lacks there too.

    Everything else is as it would be without us: ``__file__``, data beside it, modules that were never mentioned.
    """
    for m, v, late in ((two.old, 1, None), (two.new, 2, "late")):
        told = m.ask(method)
        assert isinstance(told, dict), told
        assert told.pop("trace").count(f"return 1 / 0  # line of {v}") == 1
        assert told == {
            "value": (v, v, v, v, v), "late": late, "later": "later" if late else None, "name": "m",
            "file": str(two.root / "m.py"), "where": str(two.root / "pkg/sub.py"), "data": "of the disk", "plugin": 1,
            "held": (f"held {v}".encode(),) * 3,
        }  # fmt: skip


def test_objects_come_back_as_what_their_sender_knows(two: Two) -> None:
    """A child of old code, called by new, sends an instance by plain name; old code gets one of its own class."""
    for m, caller in ((two.old, two.new), (two.new, two.old)):
        thing = caller.call(lambda m=m: m.ask("spawn", m.thing))
        assert (type(thing), thing.v) == (m.Thing, m.V)


def test_children_of_children_run_the_same_code(two: Two) -> None:
    """A child hands on what it was sent."""
    assert two.old.ask("spawn", two.old.grandchild) == (1, 1)


def test_nobody_s_children_run_the_head_s_code(two: Two) -> None:
    """Who is no managed code, and names a function of it, means the current generation, as everywhere."""
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=two.new.tell, args=(writer, two.new.value))
    child.start()
    assert reader.recv() == (2, 2)
    child.join()


def test_a_thread_of_old_code_starts_old_children(two: Two) -> None:
    """Long after the swap."""
    told: list[Any] = []
    thread = threading.Thread(target=lambda: told.append(two.old.ask("spawn", two.old.value)))
    two.old.call(thread.start)
    thread.join()
    assert told == [(1, 1)]


def test_a_fork_server_s_preloads_do_not_replace_anybody_s_code(two: Two) -> None:
    """What it imported from the disk beforehand is not what its children get."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined] # as above
    context = multiprocessing.get_context("forkserver")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(two.root)
    try:
        context.set_forkserver_preload(["helper", "m"])
        assert [two.old.ask("forkserver", two.old.value), two.new.ask("forkserver", two.new.value)] == [(1, 1), (2, 2)]
    finally:
        context.set_forkserver_preload(["__main__"])
        forkserver._forkserver._stop()  # type: ignore[attr-defined] # as above
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
