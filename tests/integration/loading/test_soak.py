"""Reload after reload after reload: nothing grows.

The default run does some hundreds; ``make test-soak`` ten thousand, and looks at what the process takes from the
machine as well.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import linecache
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Generation, Loader
from hotd.loading.imports.part import Part
from hotd.loading.sources.source import Source
from tests.integration.loading.conftest import Ops

WARM = 260
"""Reloads until every bounded cache is full: the last 256 sources stay compiled."""
SLOPE = 1024
"""Bytes a generation may cost for good."""

HELPER = """\
import contextvars, dataclasses, enum, functools, logging, threading, weakref

VERSION = {version}
LOG = logging.getLogger(__name__)
VAR = contextvars.ContextVar("var")


class Colour(enum.Enum):
    RED = VERSION


@dataclasses.dataclass
class Point:
    x: int = VERSION


@functools.lru_cache
def cached(point): return point


class Node:
    def __init__(self):
        self.me = self
        weakref.finalize(self, int).atexit = False


def steps():
    node = Node()
    yield node


def work():
    contextvars.copy_context().run(VAR.set, Node())
    if VERSION % 5 == 0:
        thread = threading.Thread(target=lambda: VAR.set(cached(VERSION)))
        thread.start()
        thread.join()
    LOG.debug("%s", Point())
    return VERSION
"""
MAIN = """\
import importlib
import helper
from helper import steps, work

KEPT = []


def go():
    KEPT.append(steps())
    next(KEPT[-1])
    importlib.import_module("late").late()
    return work()
"""


def closure(ops: Ops, version: int) -> Path:
    (path,) = ops.write(helper=HELPER.format(version=version))
    return path


def begin(ops: Ops, loader: Loader) -> None:
    ops.write(main=MAIN, late="import helper\n\n\ndef late(): return helper.VERSION\n")
    closure(ops, 0)
    loader.load("main")


def one_more(ops: Ops, loader: Loader, version: int) -> None:
    """An edit, a reload, a little work; now and then a refusal of each kind, an undo, a look."""
    path = closure(ops, version)
    before = loader.current
    assert before is not None
    after = loader.reload(changed=[path])
    assert after.module("main").go() == version
    if version % 10 == 3:
        loader.retire(before)
    if version % 80 == 5:
        for text in ("1 / 0\n", "def (\n", ""):
            path.write_text(text)
            with pytest.raises(LoadRejected):
                loader.reload(changed=[path])
        closure(ops, version)
        loader.check(changed=[path])
        loader.plan(changed=[path])
    if version % 10 == 7:
        loader.promote(before)
        assert before.module("main").go() == version - 1
        loader.promote(after)


# --- what must not grow ----------------------------------------------------------------------------------------------


def counts() -> dict[str, int]:
    return {
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names are all that is wanted
        "sys.modules": len(sys.modules),
        "linecache": len(linecache.cache),
    }


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc, summed over all its arenas."""

    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def in_use() -> int:
    """Bytes that are allocated; those of small objects as if each were of the largest size that counts as small."""
    info = ctypes.CDLL(None).mallinfo2
    info.restype = _MallInfo
    found = info()
    return int(found.uordblks + found.hblkhd + 512 * sys.getallocatedblocks())


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def tables(loader: Loader) -> dict[str, int]:
    """The size of every collection that the loader holds, and of those of the loading room as a whole."""
    found: dict[str, int] = {}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("hotd.loading"):
            for attribute, value in vars(module).items():
                if isinstance(value, Sized) and not isinstance(value, (str, bytes, type)) and attribute[:2] != "__":
                    found[f"{name}.{attribute}"] = len(value)
    for path, value in collections_of("loader", loader, set()):
        found[path] = len(value) - sum(isinstance(one, weakref.ref) and one() is None for one in value)
    return found


def collections_of(path: str, thing: Any, seen: set[int]) -> Iterator[tuple[str, Collection[Any]]]:
    """Those of the thing and of the things of ours that it has; what belongs to one generation is left out."""
    if id(thing) in seen or isinstance(thing, (str, bytes, type, Part, Source, Generation)):
        return
    seen.add(id(thing))
    if isinstance(thing, (Mapping, list, tuple, set, frozenset, deque)):
        yield path, thing
    elif type(thing).__module__.startswith("hotd."):
        slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
        for name in (*getattr(thing, "__dict__", {}), *slots):
            yield from collections_of(f"{path}.{name}", getattr(thing, name, None), seen)


def settle(loader: Loader) -> None:
    """What waits for the next look at anything is done."""
    gc.collect()
    loader.plan()
    assert loader.leaks() == ()


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    return {name: (before[name], size) for name, size in after.items() if size > before.get(name, size)}


def test_hundreds_of_reloads_leave_nothing_behind(ops: Ops, loader: Loader) -> None:
    """Less than a kibibyte a generation; threads, descriptors, modules, cached lines and every table of ours: flat."""
    begin(ops, loader)
    for version in range(1, WARM + 1):
        one_more(ops, loader, version)
    settle(loader)
    before, known, objects = counts(), tables(loader), len(gc.get_objects())
    assert len(known) > 20, "the tables are found"
    memory, measured = in_use(), 100
    for version in range(WARM + 1, WARM + 1 + measured):
        one_more(ops, loader, version)
    settle(loader)

    assert (in_use() - memory) / measured < SLOPE
    assert len(gc.get_objects()) - objects < measured / 2
    assert grown(before, counts()) == {}
    assert grown(known, tables(loader)) == {}


@pytest.mark.soak
def test_ten_thousand_reloads_leave_nothing_behind(ops: Ops, loader: Loader) -> None:
    """What the process takes from the machine does not grow with what it has reloaded."""
    begin(ops, loader)
    looks: list[int] = []
    for version in range(1, 10_001):
        one_more(ops, loader, version)
        if version == 1_000:
            settle(loader)
            before, known = counts(), tables(loader)
        if version % 1_000 == 0:
            settle(loader)
            looks.append(resident())

    slope = (looks[-1] - looks[0]) / 9_000
    assert slope < SLOPE, [f"{one >> 10} KiB" for one in looks]
    assert grown(before, counts()) == {}
    assert grown(known, tables(loader)) == {}


def test_a_leak_does_grow(ops: Ops, loader: Loader) -> None:
    """The measure of the others: were something kept, they would see it."""
    begin(ops, loader)
    kept: list[Any] = []
    before = counts()
    for version in range(1, 11):
        one_more(ops, loader, version)
        kept.append(loader.current.module("helper").work if loader.current else None)
    gc.collect()

    assert "linecache" in grown(before, counts())
    assert len(loader.leaks()) == 9
    kept.clear()
    assert loader.leaks() == ()
    importlib.invalidate_caches()
