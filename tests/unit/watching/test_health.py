"""What keeps changes from being seen, as long as it does."""

from __future__ import annotations

from collections.abc import Callable

from hotd.core.values import Instant
from hotd.ports import WatchTrouble
from hotd.watching.health import LINGER, Health

LIMIT = WatchTrouble("watch-limit", "3 of 9 folders are polled")
FULL = WatchTrouble("overflow", "too much at once")


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> Instant:
        return Instant(self.time, self.time)


def health(clock: Clock, tell: Callable[[tuple[WatchTrouble, ...]], None]) -> Health:
    return Health(tell, clock)


def test_whatever_is_another_set_is_told() -> None:
    """The receiver always has all there is; the same again is not told again."""
    said: list[tuple[WatchTrouble, ...]] = []
    its = health(Clock(), said.append)
    its.only("watch-limit", [LIMIT])
    its.only("watch-limit", [LIMIT])
    its.over("overflow")
    roots = [WatchTrouble("root-missing", f"{name} was removed", name) for name in "ab"]
    its.only("root-missing", roots)
    its.only("root-missing", roots[1:])
    its.only("watch-limit", [])
    assert said == [(LIMIT,), (LIMIT, roots[0]), (LIMIT, *roots), (LIMIT, roots[1]), (roots[1],)]


def test_what_has_healed_is_shown_for_a_while() -> None:
    """An overflow is made up for in a moment, in which nobody looks."""
    clock, said = Clock(), list[tuple[WatchTrouble, ...]]()
    its = health(clock, said.append)
    its.healed(FULL)
    clock.time = LINGER / 2
    its.look()
    its.healed(FULL)
    clock.time = LINGER
    its.look()
    assert [len(those) for those in said] == [1]
    clock.time = 2 * LINGER
    its.look()
    assert [len(those) for those in said] == [1, 0]


def test_a_receiver_that_fails_ends_nothing() -> None:
    """The next set is told all the same."""
    said: list[tuple[WatchTrouble, ...]] = []

    def tell(those: tuple[WatchTrouble, ...]) -> None:
        said.append(those)
        raise RuntimeError("nobody is there")

    its = health(Clock(), tell)
    its.holds(LIMIT)
    its.over("watch-limit")
    assert said == [(LIMIT,), ()]
