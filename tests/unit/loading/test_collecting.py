"""Collections are rationed by what they cost."""

from __future__ import annotations

import pytest

from hotd.loading.memory.collecting import Collector


class Machine:
    """A clock, a processor and a collector that takes its time."""

    def __init__(self) -> None:
        self.time = 100.0
        self.spent = 0.0
        self.collected = 0
        self.takes, self.waits = 0.1, 0.0

    def collect(self) -> None:
        self.collected += 1
        self.spent += self.takes
        self.time += self.takes + self.waits


def test_the_next_collection_waits_until_the_last_one_is_a_small_share() -> None:
    """All threads stand still for two in a hundred seconds at most."""
    it = Machine()
    collector = Collector(0.02, lambda: it.time, it.collect, lambda: it.spent)
    assert collector.due_in() == 0.0

    collector.collect()
    collector.collect()

    assert (it.collected, collector.began) == (1, 100.0)
    assert collector.due_in() == pytest.approx(4.9)
    it.time = 105.1
    collector.collect()
    assert (it.collected, collector.began) == (2, 105.1)


def test_what_the_machine_does_meanwhile_is_no_cost() -> None:
    """A finalizer that waits, or a busy machine, does not put the next one off."""
    it = Machine()
    it.takes, it.waits = 0.0, 60.0
    collector = Collector(0.02, lambda: it.time, it.collect, lambda: it.spent)

    collector.collect()

    assert collector.due_in() == 0.0
