"""Threads that are there before their jobs."""

from __future__ import annotations

import logging
import queue
import threading
from functools import partial

import pytest

from hotd.loading import ahead
from hotd.loading.ahead import Ahead, LoaderThread
from tests.support.eventually import eventually


def running(one: LoaderThread, done: queue.Queue[str]) -> None:
    one.run(lambda: done.put(threading.current_thread().name))


def test_a_job_runs_on_the_thread_that_prepared_it() -> None:
    """Both in their order, and the thread ends with the job."""
    threads, done, prepared = Ahead(), queue.Queue[str](), queue.Queue[int]()
    for number in (1, 2):
        threads.prepare("op", partial(prepared.put, number))
    assert [prepared.get(timeout=10), prepared.get(timeout=10)] == [1, 2]
    one = threads.take("op")
    assert one.thread.is_alive()
    running(one, done)
    assert done.get(timeout=10) == "hotd-loader-op"
    one.thread.join(10)
    assert threads.take("op") is not one


def test_a_job_does_not_wait_for_what_only_prepares_it() -> None:
    """What has not begun by then is left out: the job does all of it itself."""
    threads, done, held, go_on = Ahead(), queue.Queue[str](), threading.Event(), threading.Event()

    def holds() -> None:
        held.set()
        assert go_on.wait(10)

    threads.prepare("op", holds)
    threads.prepare("op", partial(done.put, "prepared"))
    assert held.wait(10)
    running(threads.take("op"), done)
    go_on.set()
    assert done.get(timeout=10) == "hotd-loader-op"


def test_a_job_that_nobody_prepared_gets_a_thread() -> None:
    """One of its own, and so does each that is asked for while another prepares."""
    threads, done = Ahead(), queue.Queue[str]()
    threads.prepare("op", lambda: None)
    running(threads.take("other"), done)
    assert done.get(timeout=10) == "hotd-loader-other"
    running(threads.take("op"), done)
    running(threads.take("op"), done)
    assert [done.get(timeout=10), done.get(timeout=10)] == ["hotd-loader-op"] * 2


def test_a_thread_whose_job_does_not_come_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next job gets another."""
    monkeypatch.setattr(ahead, "PATIENCE", 0.01)
    threads, done = Ahead(), queue.Queue[str]()
    threads.prepare("op", lambda: None)
    (waiting,) = threads._waiting.values()
    eventually(lambda: not waiting.thread.is_alive())
    one = threads.take("op")
    assert one is not waiting
    running(one, done)
    assert done.get(timeout=10)


def test_a_thread_that_was_taken_waits_for_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long whoever took it needs to hand it over."""
    monkeypatch.setattr(ahead, "PATIENCE", 0.01)
    threads, done, asked = Ahead(), queue.Queue[str](), threading.Event()
    one = threads.take("op")
    gone = one._gone
    one._gone = lambda it: asked.set() or gone(it)  # type: ignore[func-returns-value]
    one.prepare(lambda: None)
    assert asked.wait(10)
    running(one, done)
    assert done.get(timeout=10)


def test_what_cannot_be_prepared_is_loaded_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """A defect there costs a line of the log, and no load."""
    threads, done = Ahead(), queue.Queue[str]()

    def fails() -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "hotd.loading"):
        threads.prepare("op", fails)
        running(threads.take("op"), done)
        assert done.get(timeout=10)
    assert "could not be prepared" in caplog.text


def test_nobody_is_left_waiting() -> None:
    """Closing lets go of threads whose jobs will not come."""
    threads = Ahead()
    threads.prepare("op", lambda: None)
    (waiting,) = threads._waiting.values()
    threads.close()
    assert not waiting.thread.is_alive()
    assert not threads._waiting
