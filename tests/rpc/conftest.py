"""Daemons shared by tests that leave them as they found them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.daemons import Running, running
from tests.support.ops import hosted, waiter


@pytest.fixture(scope="module")
def one_daemon() -> Iterator[Running]:
    """It hosts ``long_op``, one replica, and is only read from."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        yield daemon
