"""What is read and compiled before a load begins."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from types import CodeType
from typing import Any

import pytest

from hotd.app.clock import SystemClock
from hotd.core.messages import LoadJob, LoadKind, Rejected, Staged
from hotd.loading.hosting import Hosting
from hotd.loading.sources import source
from hotd.ports import LoadOutcome
from tests.integration.loading.conftest import Ops


class Loads:
    """One hosted module."""

    def __init__(self, ops: Ops) -> None:
        self.file = str(ops.root / "m.py")
        self.hosting, self.told = Hosting(SystemClock(), also=(), ignore=()), SimpleQueue[LoadOutcome]()
        self.hosting.host("m", (str(ops.root),))

    def prepare(self) -> None:
        self.hosting.prepare("m", frozenset({self.file}))

    def load(self) -> LoadOutcome:
        self.hosting.start(LoadJob(1, "m", "m:work", (), {}, LoadKind.STAGE), self.told.put)
        return self.told.get(timeout=20)

    def said(self) -> object:
        """What the newest code is."""
        outcome = self.load()
        assert isinstance(outcome, Staged)
        self.hosting.promote("m", outcome.number)
        return self.hosting.code("m", outcome.number).target()


@pytest.fixture
def loads(ops: Ops) -> Iterator[Loads]:
    ops.write(m="def work(): return 1\n")
    it = Loads(ops)
    yield it
    it.hosting.close()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every source, each time it is compiled."""
    found: list[bytes] = []

    def noting(data: bytes, *rest: Any, **more: Any) -> CodeType:
        found.append(data)
        code: CodeType = compile(data, *rest, **more)
        return code

    monkeypatch.setattr(source, "compile", noting, raising=False)
    return found


def test_what_was_prepared_is_not_compiled_again(ops: Ops, loads: Loads, compiled: list[bytes]) -> None:
    """The load finds it done, and executes it for the first time."""
    assert loads.said() == 1
    ops.write(m="import builtins\nbuiltins.ran = True\ndef work(): return 2\n")
    compiled.clear()
    loads.prepare()
    assert loads.said() == 2 and len(compiled) == 1


def test_what_the_module_does_not_have_and_what_is_large_is_not_prepared(
    ops: Ops, loads: Loads, compiled: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To compile it would keep all others from the interpreter: for nothing, or for too long."""
    assert loads.said() == 1
    ops.write(other="X = 1\n")
    compiled.clear()
    loader = loads.hosting._lines["m"].loader
    loader.prepare([str(ops.root / "other.py")])
    ops.write(m="def work(): return 2\n")
    monkeypatch.setattr("hotd.loading.looks.LARGEST_AHEAD", 10)
    loader.prepare([loads.file])
    assert not compiled
    monkeypatch.undo()
    assert loads.said() == 2


def test_what_changed_after_it_was_prepared_is_loaded_as_it_is_now(ops: Ops, loads: Loads) -> None:
    """What was read ahead says nothing of what is there."""
    assert loads.said() == 1
    ops.write(m="def work(): return 2\n")
    loads.prepare()
    ops.write(m="def work(): return 3\n")
    assert loads.said() == 3


@pytest.mark.parametrize("broken", ["def work(:\n", "x = '\0'\n", None])
def test_what_is_no_code_is_told_by_the_load(
    ops: Ops, loads: Loads, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the file is gone by then. Whoever prepares says nothing of it."""
    assert loads.said() == 1
    if broken is None:
        (ops.root / "m.py").unlink()
    else:
        ops.write(m=broken)
    loads.prepare()
    outcome = loads.load()
    assert isinstance(outcome, Rejected) and outcome.file == loads.file
    assert caplog.records == []
