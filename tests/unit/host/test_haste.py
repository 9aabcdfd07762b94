"""Haste: the interpreter lock changes hands more often while somebody waits, and only then."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from hotd.host.haste import Haste
from tests.support.eventually import eventually

USUAL, HASTY, OTHERS = 0.004, 0.0002, 0.003


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    """It is the whole process's: put back what the tests run with."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


class Clock:
    """Stands still unless told: how busy the machine is must not matter."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def haste(clock: Clock) -> Iterator[Haste]:
    made = Haste(USUAL, HASTY, clock)
    made.start()
    assert sys.getswitchinterval() == pytest.approx(USUAL)
    yield made
    made.close()
    made.close()


def test_it_lasts_a_moment_and_ends_by_itself(haste: Haste, clock: Clock) -> None:
    """However often it was asked for, busy threads get their time back."""
    for _ in range(3):
        haste.hurry()
        assert sys.getswitchinterval() == pytest.approx(HASTY)
        haste.hurry()
        clock.now += 1.0
        eventually(lambda: sys.getswitchinterval() == pytest.approx(USUAL))


def test_it_lasts_as_long_as_somebody_asks(haste: Haste, clock: Clock) -> None:
    """A tenth of a second from the last time."""
    haste.hurry()
    for clock.now in (0.06, 0.12, 0.18):
        haste.hurry()
        assert sys.getswitchinterval() == pytest.approx(HASTY)
    clock.now = 1.0
    eventually(lambda: sys.getswitchinterval() == pytest.approx(USUAL))


def test_what_somebody_else_has_set_is_left_as_it_is(haste: Haste) -> None:
    """A hosted module that wants another interval gets it, whether there is haste just then or not."""
    haste.hurry()
    sys.setswitchinterval(OTHERS)
    haste.close()
    assert sys.getswitchinterval() == pytest.approx(OTHERS)

    another = Haste(USUAL, HASTY)
    another.start()
    sys.setswitchinterval(OTHERS)
    another.hurry()
    assert sys.getswitchinterval() == pytest.approx(OTHERS)
    another.close()


def test_the_end_puts_it_back(haste: Haste) -> None:
    """And from then on nobody hurries."""
    haste.hurry()
    haste.close()
    assert sys.getswitchinterval() == pytest.approx(USUAL)
    haste.hurry()
    assert sys.getswitchinterval() == pytest.approx(USUAL)


def test_a_forked_child_is_in_no_haste(haste: Haste) -> None:
    """There it would never end: no thread of ours runs in it."""
    haste.hurry()
    with haste._changed:  # as if it had been forked in just this moment
        haste.forget()
        assert sys.getswitchinterval() == pytest.approx(USUAL)
        caller = threading.Thread(target=haste.hurry)
        caller.start()
        caller.join(20)
        assert not caller.is_alive()
    assert sys.getswitchinterval() == pytest.approx(USUAL)
