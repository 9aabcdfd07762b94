from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from hotd.host.signals import Signals
from tests.integration.host.script import Script
from tests.support.eventually import eventually

ALL = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)


@pytest.fixture
def heard() -> SimpleQueue[tuple[str, int]]:
    return SimpleQueue()


@pytest.fixture
def signals(heard: SimpleQueue[tuple[str, int]]) -> Iterator[Signals]:
    """Started, until the test ends; what it calls back is in ``heard``."""
    before = [signal.getsignal(number) for number in ALL]
    with Signals(
        on_stop=lambda number: heard.put(("stop", number)),
        on_second=lambda number: heard.put(("second", number)),
        on_reload=lambda: heard.put(("reload", 0)),
    ) as signals:
        yield signals
    assert [signal.getsignal(number) for number in ALL] == before


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_the_second_insists(
    heard: SimpleQueue[tuple[str, int]], first: signal.Signals, second: signal.Signals
) -> None:
    """Ctrl-C lets instances finish; Ctrl-C again ends the daemon now. SIGTERM counts as much."""
    signal.raise_signal(first)
    assert heard.get(timeout=5) == ("stop", first)

    signal.raise_signal(second)
    assert heard.get(timeout=5) == ("second", second)


@pytest.mark.usefixtures("signals")
def test_sighup_reloads_as_often_as_it_comes(heard: SimpleQueue[tuple[str, int]]) -> None:
    """`kill -HUP` is not counted as a wish to stop."""
    for _ in range(2):
        signal.raise_signal(signal.SIGHUP)
        assert heard.get(timeout=5) == ("reload", 0)
    signal.raise_signal(signal.SIGTERM)
    assert heard.get(timeout=5) == ("stop", signal.SIGTERM)


def test_a_main_thread_that_waits_without_end_is_woken() -> None:
    """The daemon's main thread does nothing but wait; SIGTERM ends that wait."""
    finished = threading.Event()
    killer = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM))
    with Signals(lambda _: finished.set(), on_second=os._exit, on_reload=finished.set):
        killer.start()

        assert finished.wait(30)

    killer.join()


def test_a_callback_may_take_a_lock_that_the_interrupted_code_holds() -> None:
    """A handler that did it would wait for itself for ever: the lock of an Event is such a lock."""
    lock, done = threading.Lock(), threading.Event()

    def stop(_: int) -> None:
        with lock:
            done.set()

    with Signals(stop, on_second=os._exit, on_reload=done.set):
        with lock:
            signal.raise_signal(signal.SIGTERM)
        assert done.wait(5)


def test_a_failing_callback_does_not_make_the_daemon_deaf(
    heard: SimpleQueue[tuple[str, int]], caplog: pytest.LogCaptureFixture
) -> None:
    """A reload that raises is a line of the log; the SIGTERM after it is heard."""

    def fail() -> None:
        raise RuntimeError("worn out")

    with caplog.at_level(logging.ERROR), Signals(lambda number: heard.put(("stop", number)), os._exit, fail):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
        assert heard.get(timeout=5) == ("stop", signal.SIGTERM)

    assert "SIGHUP" in caplog.text
    assert "worn out" in caplog.text


@pytest.mark.usefixtures("signals")
def test_a_client_that_goes_away_does_not_end_the_daemon() -> None:
    """SIGPIPE is ignored, whoever started us."""
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


def test_an_ignored_ctrl_c_stays_ignored() -> None:
    """`hotd serve &` in a script: Ctrl-C is for the script."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Signals(os._exit, os._exit, lambda: None):
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_close_joins_the_thread_and_may_be_called_twice(signals: Signals) -> None:
    """No thread outlives its daemon."""
    assert [thread.name for thread in threading.enumerate()].count("hotd-signals") == 1
    signals.start()  # twice is once

    signals.close()
    signals.close()

    assert "hotd-signals" not in [thread.name for thread in threading.enumerate()]


def test_a_third_signal_ends_a_daemon_whose_callbacks_hang() -> None:
    """Whatever our code does, Ctrl-C often enough helps."""
    script = """
        import signal, threading
        from hotd.host.signals import Signals
        for_ever = threading.Event()
        def hang(number):
            print("hangs")
            for_ever.wait()
        with Signals(hang, hang, hang):
            print("ready")
            for_ever.wait()
    """
    with Script(script) as daemon:
        assert daemon.says() == "ready"
        daemon.process.terminate()
        assert daemon.says() == "hangs"
        daemon.process.terminate()

        def died() -> bool:
            daemon.process.send_signal(signal.SIGINT)
            return daemon.process.poll() is not None

        eventually(died, what="the kernel has ended it")

        assert daemon.process.returncode == -signal.SIGINT


def test_a_child_forked_by_user_code_dies_of_its_own_sigterm_and_alone() -> None:
    """`Process.terminate()` in hosted code ends that process, neither nothing nor the daemon."""
    script = """
        import os, signal, threading
        from hotd.host.signals import Signals
        def child_of_an_instance():
            if not (pid := os.fork()):
                while True:
                    signal.pause()
            os.kill(pid, signal.SIGTERM)
            print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        with Signals(lambda number: print("stopped"), os._exit, lambda: print("reloaded")):
            instance = threading.Thread(target=child_of_an_instance)
            instance.start()
            instance.join()
            signal.raise_signal(signal.SIGHUP)
        print("end")
    """
    with Script(script) as daemon:
        assert [daemon.says() for _ in range(3)] == [f"child {-signal.SIGTERM}", "reloaded", "end"]
