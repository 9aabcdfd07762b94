"""Threads that are busy all the time, and reloads all the time: no step of theirs is ever of two generations."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from hotd.loading import Generation, Loader
from hotd.loading.imports.asking import at_head
from tests.integration.loading.conftest import Open, Ops

THREADS = 6

MAIN = """
import importlib, pickle, sys
import low, mid
from mid import Base, through
V = {v}

class Own(Base):
    pass

def calls():
    return V, low.V, mid.V, mid.low.V, through()

def imports():
    import late
    from pkg import part
    import pkg.part as same
    return V, late.V, late.mid.V, part.V, same.V

def names():
    one = pickle.loads(pickle.dumps(Own()))
    return V, one.of(), importlib.import_module("low").V, sys.modules["mid"].V, V if type(one) is Own else None

def raises():
    try:
        mid.fail()
    except low.Trouble as error:
        return V, error.args[0], V, V, V
"""
FILES = {
    "m": MAIN,
    "mid": """
import low
V = {v}
class Base(low.Root):
    pass
def through():
    import low as again
    return again.V
def fail():
    raise low.Trouble(V)
""",
    "low": """
V = {v}
class Root:
    def of(self): return V
class Trouble(Exception):
    pass
""",
    "late": "import mid\nV = {v}\n",
    "pkg__": "",
    "pkg__part": "import low\nV = {v}\nassert low.V == V\n",
    "beside": "V = 0\n",
}


class Worker(threading.Thread):
    """Works on the generation that is current, then on the next; half of the steps without naming it."""

    def __init__(self, loader: Loader, number: int, over: threading.Event) -> None:
        super().__init__(name=f"worker-{number}")
        self._loader = loader
        self._over = over
        self._number = number
        self.steps = 0
        self.mixed: list[object] = []

    def run(self) -> None:
        while not self._over.is_set():
            generation = self._loader.current
            assert generation is not None
            for step in range(20):
                self._step(generation, step + self._number)

    def _step(self, generation: Generation, number: int) -> None:
        module = generation.module("m")
        function = (module.calls, module.imports, module.names, module.raises)[number % 4]
        try:
            seen = generation.run(function) if number % 3 else function()
        except BaseException as error:  # noqa: BLE001 - a broken step is a mixed one
            seen = (repr(error),)
        self.steps += 1
        if seen != (module.V,) * 5:
            self.mixed.append((number, module.V, seen))


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("reloads", [10, pytest.param(200, marks=pytest.mark.soak)])
def test_no_step_is_of_two_generations(ops: Ops, loader: Loader, reloads: int) -> None:
    """Six busy threads, hundreds of reloads, now and then an undo: calls, imports, look-ups by name, types and
    exceptions of a step are all of its own generation.
    """

    def write(v: int) -> None:
        ops.write(**{name: text.replace("{v}", str(v)) for name, text in FILES.items()})

    write(1)
    known = [loader.load("m")]
    over = threading.Event()
    workers = [Worker(loader, number, over) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    try:
        for v in range(2, reloads + 2):
            write(v)
            known = [*known[-3:], loader.reload()]
            if v % 7 == 0:
                loader.promote(known[0])
    finally:
        over.set()
        for worker in workers:
            worker.join(30)

    assert [one for worker in workers for one in worker.mixed] == []
    assert min(worker.steps for worker in workers) > 0
    assert not any(worker.is_alive() for worker in workers)


@pytest.mark.usefixtures("hasty")
def test_loaders_that_promote_at_the_same_time_are_all_found(ops: Ops, open_loader: Open) -> None:
    """Outside code finds the modules of every loader, however many came up in the same moment."""
    names = ("one", "two", "three", "four")
    ops.write(**dict.fromkeys(names, "V = 1\n"))
    for _ in range(100):
        loaders = {name: open_loader() for name in names}
        candidates = {name: loader.stage(entry=name) for name, loader in loaders.items()}
        start = threading.Barrier(len(names))

        def promote(name: str, start: threading.Barrier = start) -> None:
            start.wait(10)
            loaders[name].promote(candidates[name])  # noqa: B023 - it is joined in this very round

        threads = [threading.Thread(target=promote, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        found = [at_head(name) for name in names]
        assert found == [candidate.generation.find(name) for name, candidate in candidates.items()]
        for loader in loaders.values():
            loader.close()


class Phoenix:
    """Garbage whose end is the beginning of more garbage; in between, code runs, wherever the collector came."""

    def __init__(self, end: Callable[[], object], told: list[object], lives: list[int]) -> None:
        self._end, self._told, self._lives = end, told, lives
        self.me = self

    def __del__(self) -> None:
        try:
            found = self._end()
        except BaseException as error:  # noqa: BLE001 - nobody else would tell
            found = repr(error)
        if found != "well":
            self._told.append(found)
        self._lives[0] += 1
        if not self._told and self._lives[0] < 100_000:
            Phoenix(self._end, self._told, self._lives)


@pytest.fixture
def eager_collector() -> Iterator[None]:
    """The collector runs whenever something is made, over what was made since."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(1, 1_000_000, 1_000_000)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("eager_collector")
def test_the_collector_may_run_anywhere(ops: Ops, loader: Loader) -> None:
    """What old code does when it is collected works at every single point of loading, and nothing waits for itself."""

    def write(v: int) -> None:
        ops.write(**{name: text.replace("{v}", str(v)) for name, text in FILES.items()})

    def end() -> object:
        module = first.module("m")
        seen = {module.calls(), first.run(module.imports), module.names()}
        loader.promote(loader.current or first)
        loader.touched_by([ops.root / "m.py"])
        return "well" if seen == {(1,) * 5} else seen

    write(1)
    first = loader.load("m")
    told: list[object] = []
    lives = [0]
    Phoenix(end, told, lives)
    for v in range(2, 8):
        write(v)
        _shift: list[list[int]] = [[] for _ in range(v % 3)]  # so that the collector comes at other points
        candidate = loader.stage()
        loader.promote(candidate)
        assert candidate.module("m").imports() == (v,) * 5
    loader.promote(first)
    lived, lives[0] = lives[0], 100_000

    assert told == []
    assert lived > 100
