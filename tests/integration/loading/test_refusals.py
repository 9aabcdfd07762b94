"""Modules that defend themselves against being told about."""

from __future__ import annotations

import sys
from queue import SimpleQueue
from threading import Event
from types import ModuleType

import pytest

from hotd.contract.errors import LoadRejected
from hotd.core.border import LONGEST_TRACEBACK
from hotd.core.messages import LoadJob, LoadKind, LoadOutcome, Rejected
from hotd.core.values import Instant
from hotd.loading import Avoided, Loader
from hotd.loading.hosting import Hosting
from tests.integration.loading.conftest import Ops


class Still:
    def now(self) -> Instant:
        return Instant(0.0, 0.0)


HOSTILE = {
    "attributes": "class E(Exception):\n    def __getattribute__(self, name): raise SystemExit\nraise E\n",
    "notes": "class E(Exception):\n    __notes__ = property(lambda self: exit())\nraise E\n",
    "text": "class E(BaseException):\n    def __str__(self): raise SystemExit\nraise E\n",
    "name": "class E(ModuleNotFoundError):\n    name = property(lambda self: exit())\nraise E\n",
    "no name": "class E(ModuleNotFoundError):\n    def __init__(self): self.name = 5\nraise E\n",
    "memory": "raise MemoryError\n",
    "length": "raise Exception('x' * 1_000_000)\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_module_raises_is_a_refusal_with_a_sentence(ops: Ops, loader: Loader, text: str) -> None:
    """What describes an exception is user code too: none of it gets out, or makes the report too long to be sent."""
    ops.write(m=text)

    with pytest.raises(LoadRejected) as caught:
        loader.load("m")

    assert caught.value.message
    assert caught.value.digest
    assert len(caught.value.traceback or "") < LONGEST_TRACEBACK + 100


def test_what_may_cure_a_refusal_is_known_however_it_was_refused(ops: Ops, loader: Loader) -> None:
    """By a missing module, by its entry after it loaded, and again when the very same content is not even tried."""
    ops.write(m="X = 1\n")
    loader.load("m")
    late, helper = [str(ops.root / f"{name}.py") for name in ("late", "helper")]
    ops.write(m="import late, os\n")
    with pytest.raises(LoadRejected) as caught:
        loader.reload()
    assert loader.touched_by([late])
    assert loader.beside()[late] == "", "it is looked for, too: it may have come while nobody knew of it"
    assert not any(path.endswith("os.py") for path in loader.beside())

    ops.write(m="X = 2\n")
    loader.reload()
    assert not loader.touched_by([late]) and not loader.beside()
    ops.write(m="import late, os\n")
    with pytest.raises(Avoided):
        loader.stage(avoid={caught.value.digest: caught.value.carried})
    assert loader.touched_by([late])

    ops.write(m="from helper import *\n", helper="")
    loader.discard(loader.stage())
    assert loader.touched_by([helper])
    assert not loader.touched_by([late])


@pytest.mark.parametrize("from_the_store", (False, True))
def test_what_an_undo_left_matters_until_something_else_is_current(
    ops: Ops, loader: Loader, *, from_the_store: bool
) -> None:
    """Most likely the disk holds it still, and the bug may be in a file that the earlier one does not import."""
    ops.write(m="X = 1\n")
    before = loader.load("m")
    kept, helper, late = loader.bundle(before), str(ops.root / "helper.py"), str(ops.root / "late.py")
    ops.write(m="import helper\ntry: import late\nexcept ImportError: pass\n", helper="BUG = True\n")
    loader.reload()
    assert loader.touched_by([helper]) and loader.touched_by([late])

    loader.promote(loader.restore(kept) if from_the_store else before)

    assert loader.touched_by([helper]) and loader.touched_by([late])
    assert helper in loader.beside()
    ops.write(helper="BUG = False\n")
    assert loader.reload([helper]).module("m").helper.BUG is False
    ops.write(m="X = 3\n")
    loader.reload()
    assert not loader.touched_by([helper]) and not loader.touched_by([late])
    assert helper not in loader.beside()


@pytest.mark.parametrize(
    "text",
    [
        "def __getattr__(name): raise SystemExit\n",
        "class F:\n    __signature__ = property(lambda self: exit())\n    def __call__(self): pass\nwork = F()\n",
        HOSTILE["attributes"],
    ],
    ids=["module", "signature", "exception"],
)
def test_every_job_has_one_outcome(ops: Ops, text: str) -> None:
    """Also where looking the entry up ends the thread it is looked up on: whoever waits for the load is told."""
    ops.write(m=text)
    hosting, told = Hosting(Still(), also=(), ignore=()), SimpleQueue[LoadOutcome]()
    hosting.host("m", (str(ops.root),))
    try:
        hosting.start(LoadJob(1, "m", "m:work", (), {}, LoadKind.STAGE), told.put)

        outcome = told.get(timeout=20)

        assert isinstance(outcome, Rejected)
        assert outcome.message
        assert outcome.digest
        assert told.empty()
    finally:
        hosting.close()


def test_a_load_that_is_under_way_at_the_end_is_told_so(
    ops: Ops, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is closed while an import goes on: the load comes to nothing, and that is no defect of ours."""
    gate = ModuleType("gate")
    gate.__dict__.update(in_it=Event(), go=Event())
    monkeypatch.setitem(sys.modules, "gate", gate)
    ops.write(m="import gate\ngate.in_it.set()\ngate.go.wait(20)\ndef work(): pass\n")
    hosting, told = Hosting(Still(), also=(), ignore=()), SimpleQueue[LoadOutcome]()
    hosting.host("m", (str(ops.root),))
    hosting.start(LoadJob(1, "m", "m:work", (), {}, LoadKind.STAGE), told.put)
    assert gate.in_it.wait(10)

    hosting.close()
    gate.go.set()
    outcome = told.get(timeout=20)

    assert isinstance(outcome, Rejected)
    assert outcome.message == "the loader is closed"
    assert caplog.records == []
