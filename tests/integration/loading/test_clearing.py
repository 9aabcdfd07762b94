"""The daemon's loader clears what candidates leave beside everything else, and says when it is gone."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import ModuleType
from typing import Any, cast

import pytest

from hotd.core.messages import Checked, LoadJob, LoadKind, LoadOutcome, Rejected, Staged
from hotd.core.values import Instant
from hotd.loading.clearing import LONGEST, Clearing
from hotd.loading.hosting import Hosting
from tests.integration.loading.conftest import Ops
from tests.support.eventually import eventually

STAGE, CHECK = LoadKind.STAGE, LoadKind.CHECK


class Still:
    def now(self) -> Instant:
        return Instant(0.0, 0.0)


class Rig:
    """One hosted module ``m`` over an entry ``m:work``, and all that is heard of it."""

    def __init__(self, ops: Ops) -> None:
        self.ops = ops
        self.news: SimpleQueue[tuple[str, ...]] = SimpleQueue()
        self.hosting = Hosting(Still(), also=(), ignore=(), left_behind=self._heard)
        self.hosting.host("m", (str(ops.root),))
        self.outcomes: SimpleQueue[LoadOutcome] = SimpleQueue()
        self.jobs = 0

    def _heard(self, module: str) -> None:
        self.news.put(self.hosting.left_behind(module))

    def begin(self, kind: LoadKind = STAGE, within: float = math.inf) -> int:
        self.jobs += 1
        job = LoadJob(self.jobs, "m", "m:work", (), {}, kind, within=within)
        self.hosting.start(job, self.outcomes.put)
        return self.jobs

    def load(self, text: str, kind: LoadKind = STAGE) -> LoadOutcome:
        self.ops.write(m=text)
        self.begin(kind)
        return self.outcomes.get(timeout=20)

    def serve(self, text: str) -> ModuleType:
        """The module of a generation that is current from now on."""
        staged = self.load(text)
        assert isinstance(staged, Staged), staged
        self.hosting.promote("m", staged.number)
        return self.hosting.code("m", staged.number).generation.module("m")


@pytest.fixture
def rig(ops: Ops) -> Iterator[Rig]:
    ops.write(
        gate="import threading\nin_it, hanging, go = (threading.Event() for _ in range(3))\nSEEN = []\n",
        late="import logging\nlogging.getLogger('hot.test').addHandler(logging.NullHandler())\n",
    )
    made = Rig(ops)
    yield made
    made.hosting.close()
    logging.getLogger("hot.test").handlers.clear()


WORK = "import gate\ndef work(): pass\n"
POLLER = (
    "import gate, threading\ndef poll():\n    gate.in_it.set()\n    gate.go.wait(20)\n"
    "thread = threading.Thread(target=poll, name='poller')\nthread.start()\ngate.in_it.wait(10)\n"
)


@contextmanager
def standing(gate: Any) -> Iterator[None]:
    """Whoever waits at the gate goes on at the end, and threads that are ours have ended then."""
    try:
        yield
    finally:
        gate.go.set()
        for thread in threading.enumerate():
            if thread.name.startswith(("poller", "hotd-")):
                thread.join(10)


def test_a_thread_taints_until_it_ends(rig: Rig) -> None:
    """The refusal tells it, the level is there before the refusal is, and goes when the thread ends."""
    gate = rig.serve(WORK).gate
    with standing(gate):
        outcome = rig.load(POLLER + "1/0\n")

        assert isinstance(outcome, Rejected)
        phrase = f"thread 'poller', in {rig.ops.root / 'm.py'}:4 poll"
        assert outcome.left == (f"{phrase}: still there",)
        assert rig.news.get(timeout=10) == rig.hosting.left_behind("m") == (phrase,)
    assert rig.news.get(timeout=10) == ()
    assert rig.hosting.left_behind("m") == ()


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("", "m has no work"),
        ("work = 3\n", "not callable"),
        ("def work(a, b): pass\n", "cannot be called"),
        ("def work(): pass\ndef __hot_check__(): return False\n", "returned False"),
        ("def work(): pass\ndef __hot_check__(): 1/0\n", "ZeroDivisionError"),
    ],
    ids=["missing", "uncallable", "signature", "veto", "broken veto"],
)
def test_what_loads_and_is_refused_for_its_entry_is_cleared(rig: Rig, ending: str, reason: str) -> None:
    """It was executed to its end, so it may have left anything."""
    rig.serve(WORK)

    outcome = rig.load(f"import late\n{ending}")

    assert isinstance(outcome, Rejected)
    assert reason in outcome.message
    assert outcome.left == ("logging handler 'NullHandler' on logger 'hot.test': taken away",)
    assert logging.getLogger("hot.test").handlers == []


def test_what_is_only_checked_is_cleared_and_told(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """``hotctl check`` changes nothing; the daemon's log has it too."""
    rig.serve(WORK)

    outcome = rig.load(f"import late\n{WORK}", CHECK)

    assert isinstance(outcome, Checked)
    assert outcome.left == ("logging handler 'NullHandler' on logger 'hot.test': taken away",)
    assert f"m: a load that came to nothing left behind: {outcome.left[0]}" in caplog.messages
    assert rig.news.empty()


def test_discarding_returns_at_once_and_the_next_load_waits_for_its_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hook may hang, and whoever decides must not; but two of a module never hold the same port."""
    gate = rig.serve(WORK).gate
    with standing(gate):
        staged = rig.load(f"{WORK}def __hot_dispose__():\n    gate.in_it.set()\n    gate.go.wait(20)\n")
        assert isinstance(staged, Staged)

        rig.hosting.discard("m", staged.number)

        assert gate.in_it.wait(10)
        rig.ops.write(m=f"{WORK}gate.SEEN.append(gate.go.is_set())\n")
        waiting, wait = threading.Event(), Clearing.wait

        def told(self: Clearing, module: str, at_most: float) -> None:
            waiting.set()
            wait(self, module, at_most)

        monkeypatch.setattr(Clearing, "wait", told)
        rig.begin()
        assert waiting.wait(10)
        assert rig.outcomes.empty()
        gate.go.set()
        again = rig.outcomes.get(timeout=20)
    assert isinstance(again, Staged) and again.number == staged.number == 2
    assert gate.SEEN == [True]


def test_a_load_does_not_wait_away_its_deadline(rig: Rig) -> None:
    """Also where a hook of what was there before hangs for longer: the load is to come to its end within its own."""
    gate = rig.serve(WORK).gate
    with standing(gate):
        staged = rig.load(f"{WORK}def __hot_dispose__():\n    gate.in_it.set()\n    gate.go.wait(20)\n")
        assert isinstance(staged, Staged)
        rig.hosting.discard("m", staged.number)
        assert gate.in_it.wait(10)

        rig.ops.write(m=f"{WORK}# again\n")
        rig.begin(within=0.2)

        assert isinstance(rig.outcomes.get(timeout=LONGEST - 1), Staged)
        assert not gate.go.is_set()


@pytest.mark.parametrize("impatient", (False, True), ids=("", "after a load that could not wait"))
def test_closing_waits_for_what_is_being_cleared(rig: Rig, impatient: bool) -> None:
    """A hook that was called comes to its end."""
    gate = rig.serve(WORK).gate
    staged = rig.load(f"{WORK}def __hot_dispose__():\n    gate.go.wait(20)\n    gate.SEEN.append('disposed')\n")
    assert isinstance(staged, Staged)
    rig.hosting.discard("m", staged.number)
    if impatient:
        rig.ops.write(m=f"{WORK}# again\n")
        rig.begin(CHECK, within=0.0)
        assert isinstance(rig.outcomes.get(timeout=20), Checked)

    closing = threading.Thread(target=rig.hosting.close)
    closing.start()
    gate.go.set()
    closing.join(20)

    assert gate.SEEN == ["disposed"]


def test_an_abandoned_import_is_cleared_so_far_and_others_go_on(rig: Rig, ops: Ops) -> None:
    """It hangs for ever for all we know: what it had registered by then goes, its threads are told."""
    gate = rig.serve(WORK).gate
    rig.hosting.host("other", (str(ops.root),))
    ops.write(other="def work(): pass\n")
    with standing(gate):
        rig.ops.write(m=f"import late\n{POLLER}gate.hanging.set(); gate.go.wait(20)\n1/0\n")
        job = rig.begin()
        assert gate.hanging.wait(10)

        stack = rig.hosting.abandon(job)

        assert stack is not None and "m.py" in stack
        (phrase,) = rig.news.get(timeout=10)
        assert phrase.startswith("thread 'poller'")
        assert logging.getLogger("hot.test").handlers == []
        others: SimpleQueue[LoadOutcome] = SimpleQueue()
        rig.hosting.start(LoadJob(99, "other", "other:work", (), {}, STAGE), others.put)
        assert isinstance(others.get(timeout=20), Staged)
        assert rig.outcomes.empty()
    late = rig.outcomes.get(timeout=20)
    assert isinstance(late, Rejected)
    eventually(lambda: rig.hosting.left_behind("m") == ())


def test_who_waits_finds_only_threads_that_can_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread begins to clear in just this moment: that is no defect, and no reason to refuse a load."""
    at, go, start = threading.Event(), threading.Event(), threading.Thread.start
    wrong: list[BaseException] = []

    def held(self: threading.Thread) -> None:
        if self.name.startswith("hotd-residue"):
            at.set()
            assert go.wait(10)
        start(self)

    class Nothing:
        def clear(self, residue: object, *, hooks: bool) -> tuple[str, ...]:
            return ()

    def wait() -> None:
        try:
            clearing.wait("m")
        except BaseException as error:  # noqa: BLE001 - of another thread
            wrong.append(error)

    clearing, nothing = Clearing(lambda _: None), cast(Any, Nothing())
    begins = threading.Thread(target=clearing.begin, args=("m", nothing, [nothing]))
    waits = threading.Thread(target=wait)
    monkeypatch.setattr(threading.Thread, "start", held)
    begins.start()
    assert at.wait(10)
    waits.start()
    eventually(lambda: wrong or not waits.is_alive() or clearing._lock.locked())
    go.set()
    for thread in (begins, waits):
        thread.join(10)
    clearing.close()
    assert not wrong
