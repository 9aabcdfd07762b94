"""No lock is held while user code runs: whatever that waits for, and however long, nobody else waits with it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

import pytest

from hotd.core.messages import LoadJob, LoadKind, LoadOutcome, Rejected, Staged
from hotd.loading import Loader
from hotd.loading.hosting import Hosting
from tests.integration.loading.conftest import Ops
from tests.integration.loading.locks import locks
from tests.integration.loading.test_refusals import Still

PATIENCE = 2.0


class Prober:
    """A thread that tries every lock when it is told to, and says which it could not get."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.passed: list[str] = []
        self.held: list[tuple[str, str]] = []
        self._asked, self._told = SimpleQueue[str | None](), SimpleQueue[None]()
        self._thread = threading.Thread(target=self._probe, name="prober", daemon=True)
        self._thread.start()

    def _probe(self) -> None:
        while (point := self._asked.get()) is not None:
            for name, lock in self.known.items():
                # Somebody of ours may have it for a moment. Whoever waits for user code has it for longer.
                if lock.acquire(timeout=PATIENCE):
                    lock.release()
                else:
                    self.held.append((point, name))
            self._told.put(None)

    def pass_by(self, point: str) -> None:
        """Called by user code: it stands here until every lock was tried."""
        self.passed.append(point)
        self._asked.put(point)
        try:
            self._told.get(timeout=60)
        except Empty:  # pragma: no cover - only where everything is broken
            self.held.append((point, "the prober itself"))

    def close(self) -> None:
        self._asked.put(None)
        self._thread.join()


@pytest.fixture
def prober(points: ModuleType) -> Iterator[Prober]:
    found = Prober()
    points.__dict__["pass_by"] = found.pass_by
    yield found
    found.close()


FILES = {
    "m": """
        import atexit, importlib, logging, points, pkg.sub, low
        points.pass_by("body")
        importlib.import_module("".join(["na", "med"]))
        class Meta(type):
            def __call__(cls, *args):
                points.pass_by("entry")
                return super().__call__(*args)
        class Work(metaclass=Meta): pass
        def __getattr__(name):
            points.pass_by("attribute")
            if name != "work": raise AttributeError(name)
            return go
        def __hot_check__():
            points.pass_by("check")
        def __hot_dispose__():
            points.pass_by("dispose")
        def go():
            import late
            return late.V
        class Gone:
            def __init__(self): self.me = self
            def __del__(self): points.pass_by("end")
        VERSION = 1
    """,
    "low": "import points\npoints.pass_by('below')\n",
    "named": "import points\npoints.pass_by('named')\n",
    "late": "import points\npoints.pass_by('late')\nV = 1\n",
    "pkg__": """
        import sys, points
        class Face:
            def __init__(self):
                self.__dict__.update(__name__=__name__, __path__=__path__, __spec__=__spec__)
            def __setattr__(self, name, value):
                points.pass_by("package")
                self.__dict__[name] = value
        sys.modules[__name__] = Face()
    """,
    "pkg__sub": "V = 1\n",
}
WORKS = {"body", "below", "named", "package", "attribute", "check"}
"""What of it is passed by a load."""
REFUSED = """
    import atexit, points
    class Mine:
        def __call__(self): pass
        def __eq__(self, other):
            points.pass_by("taken away")
            return self is other
        __hash__ = None
    atexit.register(Mine())
    def __hot_dispose__():
        points.pass_by("dispose")
    class Odd(Exception):
        def __str__(self):
            points.pass_by("sentence")
            return "odd"
    raise Odd
"""


def test_the_daemons_loads_hold_no_lock_while_user_code_runs(ops: Ops, prober: Prober) -> None:
    """In its import, its look-ups, its check, its farewell, its errors, and what it left behind."""
    ops.write(**FILES)
    hosting, told = Hosting(Still(), also=(), ignore=()), SimpleQueue[LoadOutcome]()
    try:
        hosting.host("m", (str(ops.root),))
        prober.known = locks()
        assert len(prober.known) > 12, "the locks are found"

        hosting.start(LoadJob(1, "m", "m:work", (), {}, LoadKind.STAGE), told.put)
        staged = told.get(timeout=60)
        assert isinstance(staged, Staged)
        assert set(prober.passed) == WORKS
        hosting.promote("m", staged.number)
        code = hosting.code("m", staged.number)
        assert code.run(code.target) == 1
        assert prober.passed[-1] == "late"

        prober.passed.clear()
        ops.write(m=REFUSED)
        hosting.start(LoadJob(2, "m", "m:work", (), {}, LoadKind.STAGE), told.put)
        assert isinstance(told.get(timeout=60), Rejected)
        assert set(prober.passed) == {"dispose", "sentence", "taken away"}

        prober.passed.clear()
        ops.write(m=FILES["m"].replace("VERSION = 1", "VERSION = 2"))
        hosting.start(LoadJob(3, "m", "m:work", (), {}, LoadKind.CHECK), told.put)
        told.get(timeout=60)
        assert {"check", "dispose"} <= set(prober.passed)
    finally:
        hosting.close()
    assert prober.held == []


def test_a_loader_of_ones_own_holds_only_its_turn(ops: Ops, loader: Loader, prober: Prober) -> None:
    """Which nobody wants who does not reload it, too; what is collected holds none of it up either."""
    ops.write(**FILES)
    prober.known = locks()

    first = loader.load("m")
    first.run(first.module("m").go)
    first.module("m").Gone()
    gc.collect()
    ops.write(low="import points\npoints.pass_by('new')\n")
    loader.reload()
    loader.promote(first)
    first.module("m").Work()

    assert prober.held == []
    assert set(prober.passed) == {"body", "below", "named", "package", "late", "end", "new", "entry"}
