"""Those who wait at a door: there is always one, until the door is closed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import pytest

from hotd.control.attendants import Attendants
from hotd.control.callers import Caller
from tests.support.eventually import eventually


class Street:
    """Callers come when a test says so, and stay until it says so."""

    def __init__(self) -> None:
        self.coming: SimpleQueue[Caller | None] = SimpleQueue()
        self.served: list[Caller] = []
        self.stay = threading.Event()

    def accept(self) -> Caller | None:
        return self.coming.get()

    def serve(self, caller: Caller) -> None:
        self.served.append(caller)
        assert caller.gone or self.stay.wait(20)
        caller.sock.close()

    def send(self, number: int) -> Caller:
        caller = Caller(number, socket.socket(socket.AF_UNIX), "uid 1")
        self.coming.put(caller)
        return caller

    def wake(self) -> None:
        for _ in range(20):
            self.coming.put(None)


@contextmanager
def attended(street: Street, **options: Any) -> Iterator[Attendants]:
    attendants = Attendants("door", accept=street.accept, serve=street.serve, **options)
    attendants.start()
    try:
        yield attendants
    finally:
        street.stay.set()
        attendants.leave_door(street.wake)
        assert attendants.join(time.monotonic() + 20) == []


def test_somebody_is_at_the_door_however_many_are_served() -> None:
    """Each on a thread that is named after it."""
    street = Street()
    with attended(street):
        for number in range(30):
            street.send(number)
        expected = {"door", *(f"door-{number}" for number in range(30))}
        eventually(lambda: expected <= {thread.name for thread in threading.enumerate()})
        assert len(street.served) == 30


def test_where_no_thread_is_to_be_had_the_door_is_not_left_alone() -> None:
    """Who came last is cut, and whoever comes when there are threads again is served."""
    street, fails = Street(), threading.Event()

    class Scarce(threading.Thread):
        def start(self) -> None:
            if fails.is_set():
                raise RuntimeError("can't start new thread")
            super().start()

    with attended(street, thread=Scarce):
        fails.set()
        one = street.send(1)
        eventually(lambda: one.gone and one.sock.fileno() == -1)
        fails.clear()
        two = street.send(2)
        eventually(lambda: two in street.served)
        assert not two.gone


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_costs_one_thread_and_not_the_door() -> None:
    """Who comes next is served, and the end does not wait for a thread that is no more."""
    street, breaks = Street(), threading.Event()
    serve = street.serve

    def broken(caller: Caller) -> None:
        if breaks.is_set():
            caller.sock.close()
            raise MemoryError
        serve(caller)

    street.serve = broken  # type: ignore[method-assign]
    with attended(street):
        breaks.set()
        for number in range(3):
            one = street.send(number)
            eventually(lambda one=one: one.sock.fileno() == -1)  # type: ignore[misc]
        breaks.clear()
        two = street.send(4)
        eventually(lambda: two in street.served)
        three = street.send(5)
        eventually(lambda: three in street.served)


def test_a_door_is_left_when_whoever_was_accepted_is_somebodys() -> None:
    """Nobody who came before the end falls between the door and who is waited for."""
    street, admits = Street(), threading.Event()
    accepted = threading.Event()

    def accept() -> Caller | None:
        caller = street.accept()
        if caller is not None:
            accepted.set()
            assert admits.wait(20)
        return caller

    attendants = Attendants("door", accept=accept, serve=street.serve)
    attendants.start()
    one = street.send(1)
    assert accepted.wait(20)
    woken = threading.Event()
    closing = threading.Thread(target=attendants.leave_door, args=(woken.set,))
    closing.start()
    assert woken.wait(20)
    assert closing.is_alive()

    admits.set()

    closing.join(20)
    eventually(lambda: street.served == [one])
    assert attendants.join(time.monotonic()) == ["door-1"], "named while it is served, and told if it does not end"
    street.stay.set()
    assert attendants.join(time.monotonic() + 20) == []
