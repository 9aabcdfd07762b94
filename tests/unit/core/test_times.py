"""Wall time as views show it."""

from __future__ import annotations

import pytest

from hotd.core.times import rfc3339, wall_rfc3339
from hotd.core.values import Instant


@pytest.mark.parametrize(
    ("wall", "shown"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.2049, "2023-11-14T22:13:20.204Z"),
        (1_700_000_000.9999, "2023-11-14T22:13:20.999Z"),
        (1.9999999, "1970-01-01T00:00:01.999Z"),
        (1_700_000_000.204, "2023-11-14T22:13:20.204Z"),
    ],
)
def test_times_are_rfc_3339_in_utc_with_milliseconds(wall: float, shown: str) -> None:
    """Never rounded up into a second that has not come yet."""
    assert wall_rfc3339(wall) == rfc3339(Instant(5.0, wall)) == shown
