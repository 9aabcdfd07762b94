"""Haste: the interpreter lock changes hands more often while somebody waits, and only then."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from hotd.host.haste import Haste
from tests.support.eventually import eventually

USUAL, HASTY, OTHERS = 0.004, 0.0002, 0.003


@pytest.fixture(autouse=True)
def interval() -> Iterator[Callable[[], float]]:
    """It is the whole process's: put back what the tests run with."""
    before = sys.getswitchinterval()
    yield sys.getswitchinterval
    sys.setswitchinterval(before)


@pytest.fixture
def haste(interval: Callable[[], float]) -> Iterator[Haste]:
    made = Haste(USUAL, HASTY)
    made.start()
    assert sys.getswitchinterval() == pytest.approx(USUAL)
    yield made
    made.close()
    made.close()


def test_it_lasts_a_moment_and_ends_by_itself(haste: Haste) -> None:
    """However often it was asked for, busy threads get their time back."""
    for _ in range(3):
        haste.hurry()
        assert sys.getswitchinterval() == pytest.approx(HASTY)
        haste.hurry()
        eventually(lambda: sys.getswitchinterval() == pytest.approx(USUAL))


def test_it_lasts_as_long_as_somebody_asks(interval: Callable[[], float]) -> None:
    """A tenth of a second from the last time, by the clock."""
    now = [0.0]
    haste = Haste(USUAL, HASTY, lambda: now[0])
    haste.start()
    try:
        haste.hurry()
        for now[0] in (0.06, 0.12, 0.18):
            haste.hurry()
            assert interval() == pytest.approx(HASTY)
        now[0] = 1.0
        eventually(lambda: interval() == pytest.approx(USUAL))
    finally:
        haste.close()


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
