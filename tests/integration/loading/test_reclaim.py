"""Retired generations on their way out: the hook, the memory, the news."""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

import pytest

from hotd.core.messages import Afterlife, HookFailed, LeakedCode, Leaks, LoadJob, LoadKind, LoadOutcome, Staged
from hotd.core.values import Instant
from hotd.loading.hosting import Hosting
from hotd.loading.reclaim import Leaving, Pacing
from tests.integration.loading.conftest import Ops
from tests.support.eventually import eventually


class Ticking:
    def now(self) -> Instant:
        return Instant(time.monotonic(), time.time())


class Hosted:
    """One hosting, as the engine drives it."""

    def __init__(self, ops: Ops, deadline: float = 30.0) -> None:
        self.ops = ops
        self.told: SimpleQueue[Afterlife] = SimpleQueue()
        pacing = Pacing(deadline, grace=0.05, again=0.05, share=0.9)
        self.loading = Hosting(Ticking(), self.told.put, also=(), ignore=(), pacing=pacing)
        self._jobs = 0

    def host(self, *modules: str) -> None:
        for module in modules:
            self.loading.host(module, (str(self.ops.root),))

    def bring(self, module: str, entry: str = "", promote: bool = True) -> int:
        """Load what is on disk and make it current; its number."""
        self._jobs += 1
        outcomes: SimpleQueue[LoadOutcome] = SimpleQueue()
        job = LoadJob(self._jobs, module, entry or f"{module}:work", (), {}, LoadKind.STAGE)
        self.loading.start(job, outcomes.put)
        outcome = outcomes.get(timeout=20)
        assert isinstance(outcome, Staged), outcome
        self.loading.promote(module, outcome.number)
        return outcome.number

    def news(self, within: float = 20.0) -> Afterlife:
        return self.told.get(timeout=within)

    def quiet(self) -> bool:
        return self.told.empty()

    def leaks(self, module: str = "m") -> Leaks:
        news = self.news()
        assert isinstance(news, Leaks) and news.module == module, news
        return news


@pytest.fixture
def it(ops: Ops) -> Iterator[Hosted]:
    hosted = Hosted(ops)
    yield hosted
    hosted.loading.close()
    end_of_hooks()


def end_of_hooks() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("hotd-dispose"):
            thread.join(10)


@pytest.fixture
def lib() -> Iterator[Any]:
    """What modules of generations talk to, and tests look at."""
    library: Any = ModuleType("some_lib")
    library.SAID, library.KEPT = SimpleQueue(), []
    library.go = threading.Event()
    sys.modules["some_lib"] = library
    yield library
    library.go.set()
    del sys.modules["some_lib"]


SOURCE = """\
import threading
import some_lib

VERSION = {version}


def work(): pass


def __hot_dispose__():
    some_lib.SAID.put((VERSION, threading.current_thread().name))
    {more}
"""


def source(version: int, more: str = "pass") -> str:
    return SOURCE.format(version=version, more=more)


def two_generations(it: Hosted, more: str = "pass", keep: Callable[[Any], object] = lambda module: None) -> None:
    """g2 is current; g1, whose hook does ``more``, is still loaded."""
    it.ops.write(m=source(1, more))
    it.host("m")
    assert it.bring("m") == 1
    code = it.loading.code("m", 1)
    keep(code.generation.module("m"))
    del code
    it.ops.write(m=source(2))
    assert it.bring("m") == 2


def test_a_retired_generation_says_goodbye_once_and_leaves_memory(it: Hosted, lib: Any) -> None:
    """On a thread of its own; nobody waits for it; and there is no news."""
    two_generations(it)
    assert lib.SAID.empty()

    it.loading.retire("m", 1)

    assert lib.SAID.get(timeout=20) == (1, "hotd-dispose-m g1")
    loader = it.loading._lines["m"].loader
    eventually(lambda: loader.leaks(collect=False) == (), within=20)
    assert it.quiet()
    with pytest.raises(Empty):
        lib.SAID.get_nowait()


def test_a_leak_is_told_after_its_grace_and_again_when_it_has_gone(it: Hosted, lib: Any) -> None:
    """Level-triggered: nobody has to ask."""
    two_generations(it, keep=lambda module: lib.KEPT.append(module.work))

    it.loading.retire("m", 1)

    assert it.leaks() == Leaks("m", (LeakedCode(1, ("m",)),))
    (holder,) = it.loading.holders("m", 1, 5.0)
    assert holder.what == "some_lib.KEPT[0], function 'work'"
    it.ops.write(m=source(3))
    it.bring("m")
    lib.KEPT.append(it.loading.code("m", 2).target)
    it.loading.retire("m", 2)
    assert it.leaks().leaked == (LeakedCode(1, ("m",)), LeakedCode(2, ("m",)))
    del lib.KEPT[0]
    assert it.leaks().leaked == (LeakedCode(2, ("m",)),)
    lib.KEPT.clear()
    assert it.leaks().leaked == ()
    assert it.loading.holders("m", 2, 5.0) == ()


def test_a_hook_that_fails_is_told_and_the_generation_goes_all_the_same(it: Hosted, lib: Any) -> None:
    """What it raised keeps nothing in memory."""
    two_generations(it, "1 / 0")

    it.loading.retire("m", 1)

    news = it.news()
    assert isinstance(news, HookFailed)
    assert (news.module, news.generation, news.hook, news.failure.kind) == (
        "m", 1, "__hot_dispose__", "ZeroDivisionError",
    )  # fmt: skip
    loader = it.loading._lines["m"].loader
    eventually(lambda: loader.leaks(collect=False) == (), within=20)
    assert it.quiet()


def test_a_hook_that_hangs_holds_up_nobody_else(ops: Ops, lib: Any) -> None:
    """Past its deadline it is told, with its stack, and its thread is the holder of what it runs."""
    it = Hosted(ops, deadline=0.2)
    try:
        two_generations(it, "some_lib.go.wait()")
        it.loading.retire("m", 1)
        assert lib.SAID.get(timeout=20)[0] == 1
        it.ops.write(m=source(3))
        it.bring("m")
        it.loading.retire("m", 2)
        assert lib.SAID.get(timeout=20)[0] == 2

        news = it.news()

        assert isinstance(news, HookFailed) and news.failure.kind == "TimeoutError"
        assert "some_lib.go.wait()" in news.failure.traceback
        assert it.leaks().leaked == (LeakedCode(1, ("m",)),)
        (holder,) = it.loading.holders("m", 1, 5.0)
        assert holder.what.startswith("running thread 'hotd-dispose-m g1', which stands in __hot_dispose__ (")
        lib.go.set()
        assert it.leaks().leaked == ()
    finally:
        lib.go.set()
        it.loading.close()
        end_of_hooks()


def test_the_hook_waits_for_an_instance_that_was_abandoned(it: Hosted, lib: Any) -> None:
    """It runs the code still: that is a leak, and no time to put anything away."""
    two_generations(it)
    code = it.loading.code("m", 1)

    it.loading.retire("m", 1)

    assert it.leaks().leaked == (LeakedCode(1, ("m",)),)
    assert lib.SAID.empty()
    del code
    assert lib.SAID.get(timeout=20)[0] == 1
    assert it.leaks().leaked == ()


def test_a_load_whose_number_was_given_again_goes_when_nobody_runs_it(it: Hosted, lib: Any) -> None:
    """The same content once more is the same number to everybody, but another module object."""
    two_generations(it)
    code = it.loading.code("m", 2)
    it.loading.promote("m", 1)
    assert it.bring("m") == 2
    assert it.loading.code("m", 2).generation is not code.generation
    watched = it.loading._lines["m"].loader
    assert watched.leaks() == () and lib.SAID.empty()

    del code

    assert lib.SAID.get(timeout=20)[0] == 2
    eventually(lambda: watched.leaks(collect=False) == (), within=20)
    assert it.quiet()


def test_the_hook_of_a_shared_module_waits_for_the_last_who_hosts_it(it: Hosted, lib: Any) -> None:
    """Two hosted modules of one entry are one module object: it leaves memory once."""
    it.ops.write(m=source(1))
    it.host("a", "b")
    it.bring("a", "m:work")
    it.bring("b", "m:work")
    it.ops.write(m=source(2))
    it.bring("a", "m:work")
    it.loading.retire("a", 1)
    it.bring("b", "m:work")
    assert lib.SAID.empty()

    it.loading.retire("b", 1)

    assert lib.SAID.get(timeout=20) == (1, "hotd-dispose-b g1")
    loaders = [line.loader for line in it.loading._lines.values()]
    eventually(lambda: all(loader.leaks(collect=False) == () for loader in loaders), within=20)
    assert lib.SAID.empty()


def test_a_defect_costs_one_turn_and_not_all_that_follows(
    it: Hosted, lib: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread that sees generations off does not end of anything."""
    two_generations(it)
    loader = it.loading._lines["m"].loader
    current = it.loading.code("m", 2).generation
    it.loading._reclaim.retire(Leaving("m", current, "m", loader, lambda: False))  # nobody retires current

    it.loading.retire("m", 1)

    assert lib.SAID.get(timeout=20)[0] == 1
    assert [record.message for record in caplog.records] == ["a defect of the loader"]
    caplog.clear()


def test_after_the_end_nothing_is_seen_off(it: Hosted, lib: Any) -> None:
    """Closing ends the thread; the hooks are for generations that leave a daemon that goes on."""
    two_generations(it)
    it.loading.retire("m", 1)
    assert lib.SAID.get(timeout=20)[0] == 1

    it.loading.close()

    # It may be in the middle of collecting garbage, which nothing cuts short.
    eventually(lambda: not any(thread.name == "hotd-reclaim" for thread in threading.enumerate()))
    it.loading._reclaim.close()


def test_a_module_that_is_hosted_no_more_leaves_memory(it: Hosted, ops: Ops, lib: Any) -> None:
    """All its generations, the current one too: each hook is called, nothing stays; and it may come back."""
    it.host("m", "other")
    ops.write(m=source(1), other="def work(): pass")
    it.bring("other")
    it.bring("m")
    ops.write(m=source(2))
    it.bring("m")
    gone = [weakref.ref(it.loading.code("m", number).generation.module("m")) for number in (1, 2)]
    it.loading.unhost("m")
    for number in (1, 2):
        it.loading.retire("m", number)
    assert {lib.SAID.get(timeout=20)[0] for _ in gone} == {1, 2}
    eventually(lambda: [one() for one in gone] == [None, None])
    assert it.quiet(), "nothing leaks"
    it.loading.host("m", (str(ops.root),), newest=(2, "another"))
    ops.write(m=source(3))
    assert it.bring("m") == 3
    ops.write(m=source(4))
    it.bring("m")
    it.loading.retire("m", 3)
    assert lib.SAID.get(timeout=20)[0] == 3


def test_what_leaks_of_a_module_that_came_back_is_told(it: Hosted, ops: Ops, lib: Any) -> None:
    """As of any other."""
    for life in (1, 2):
        it.loading.host("m", (str(ops.root),), newest=(life, "x") if life > 1 else None)
        ops.write(m=source(life * 10, more="some_lib.KEPT.append(work)"))
        number = it.bring("m")
        it.loading.unhost("m")
        it.loading.retire("m", number)
        assert it.leaks().leaked[-1].parts == ("m",)
    lib.KEPT.clear()
