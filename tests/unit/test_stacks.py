"""Looking at what others do leaves them, and the collector, as they were."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Generator, Iterator
from types import FrameType, SimpleNamespace

import pytest

from hotd import stacks

COLLECTS_WHERE_MEMORY_IS_ASKED_FOR = sys.version_info < (3, 12)


@contextlib.contextmanager
def standing_thread() -> Iterator[threading.Thread]:
    """A thread that stands in ``inner``, which ``outer`` called."""
    begun, go = threading.Event(), threading.Event()

    def inner() -> None:
        begun.set()
        go.wait()

    def outer() -> None:
        inner()

    thread = threading.Thread(target=outer)
    thread.start()
    begun.wait()
    try:
        yield thread
    finally:
        go.set()
        thread.join()


def names(stack: list[FrameType]) -> list[str]:
    return [frame.f_code.co_name for frame in stack]


def test_a_thread_stands_where_its_innermost_frame_is() -> None:
    with standing_thread() as thread:
        found = names(stacks.of_thread(thread.ident))
        assert found.index("inner") + 1 == found.index("outer")
        assert found[-1] == "_bootstrap"
        text = [frame.f_code.co_name for frame, _ in stacks.from_outside(stacks.of_thread(thread.ident))]
        assert text == found[::-1]


def test_who_asks_is_not_among_the_others() -> None:
    """Its own frame among them would be a circle that keeps whatever it holds."""
    with standing_thread() as thread:
        found = stacks.of_threads()
        assert "inner" in names(found[thread.ident or 0])
        assert threading.get_ident() not in found


def test_a_thread_that_is_over_or_has_not_begun_stands_nowhere() -> None:
    thread = threading.Thread(target=len, args=("",))
    assert stacks.of_thread(thread.ident) == []
    thread.start()
    thread.join()
    assert stacks.of_thread(thread.ident) == []


def test_a_generator_stands_where_it_yields_and_nowhere_when_it_is_over() -> None:
    def counting() -> Generator[int, None, None]:
        yield 1

    async def idle() -> None: ...

    one, other = counting(), idle()
    next(one)
    assert names(list(filter(None, [stacks.of_suspended(one), stacks.of_suspended(other)]))) == ["counting", "idle"]
    one.close()
    other.close()
    assert (stacks.of_suspended(one), stacks.of_suspended(other)) == (None, None)


@pytest.mark.skipif(not COLLECTS_WHERE_MEMORY_IS_ASKED_FOR, reason="this Python collects between two instructions")
def test_nothing_is_collected_while_frames_are_handed_out() -> None:
    """Finalizers would run, the thread looked at go on, and what we hold point to freed memory."""
    collected_in: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if threading.get_ident() == mine:
            collected_in.append(sys._getframe(1).f_code.co_name)

    def unguarded(frame: FrameType | None) -> None:
        while frame is not None:
            frame = frame.f_back

    mine, threshold = threading.get_ident(), gc.get_threshold()
    gc.callbacks.append(note)
    try:
        for _ in range(20):
            with standing_thread() as thread:
                gc.set_threshold(1)
                stacks.of_threads()
                gc.set_threshold(*threshold)
            with standing_thread() as thread:
                top = sys._current_frames()[thread.ident or 0]
                gc.set_threshold(1)
                unguarded(top)
                gc.set_threshold(*threshold)
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(note)
    assert "unguarded" in collected_in, "else this test proves nothing"
    assert "_up" not in collected_in


@pytest.mark.skipif(not COLLECTS_WHERE_MEMORY_IS_ASKED_FOR, reason="later Pythons need no guard")
class TestTheCollector:
    """Whoever had it on has it on again, and whoever had it off has it off."""

    @pytest.fixture(autouse=True)
    def as_before(self) -> Iterator[None]:
        yield
        gc.enable()

    def test_stands_still_until_the_last_is_out(self) -> None:
        with stacks.undisturbed:
            with stacks.undisturbed:
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled()

    def test_stays_off_where_it_was(self) -> None:
        gc.disable()
        with stacks.undisturbed:
            pass
        assert not gc.isenabled()

    def test_goes_on_in_a_child_that_was_forked_meanwhile(self) -> None:
        """By another thread than the one that looks, which is not there to leave."""
        inside, leave = threading.Event(), threading.Event()

        def look() -> None:
            with stacks.undisturbed:
                inside.set()
                leave.wait()

        looking = threading.Thread(target=look)
        looking.start()
        inside.wait()
        child = os.fork()
        if not child:
            was_on = gc.isenabled()
            with stacks.undisturbed:
                off = not gc.isenabled()
            os._exit(0 if was_on and off and gc.isenabled() else 1)
        leave.set()
        looking.join()
        assert os.waitpid(child, 0)[1] == 0

    @pytest.mark.parametrize("moment", ("after disable", "before enable"))
    def test_goes_on_in_a_child_that_was_forked_on_the_threshold(
        self, moment: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While the one that looks is just beginning, or just ending, in the parent."""
        went_on: list[bool] = []
        to_come = [moment]

        def fork(now: str) -> None:
            if now in to_come:
                to_come.clear()
                child = os.fork()
                if not child:
                    os._exit(0 if gc.isenabled() else 1)
                went_on.append(os.waitpid(child, 0)[1] == 0)

        def disable() -> None:
            gc.disable()
            fork("after disable")

        def enable() -> None:
            fork("before enable")
            gc.enable()

        monkeypatch.setattr(stacks, "gc", SimpleNamespace(isenabled=gc.isenabled, disable=disable, enable=enable))
        with stacks.undisturbed:
            pass

        assert went_on == [True]
