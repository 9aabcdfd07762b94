"""Wall time as views show it."""

from __future__ import annotations

import functools
import math
from datetime import UTC, datetime

from hotd.core.values import Instant


def rfc3339(at: Instant) -> str:
    """``2026-11-23T20:41:07.204Z``."""
    return wall_rfc3339(at.wall)


def wall_rfc3339(wall: float) -> str:
    """The same of Unix seconds."""
    second = math.floor(wall)
    # To the microsecond first: 0.204 is a little less than that as a float.
    micros = min(999_999, round((wall - second) * 1_000_000))
    return f"{_second(second)}.{micros // 1000:03d}Z"


@functools.lru_cache(512)  # what is told, is told of the same few seconds again and again
def _second(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
