"""Wall time as views show it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from hotd.core.values import Instant


def rfc3339(at: Instant) -> str:
    """``2026-11-23T20:41:07.204Z``."""
    return wall_rfc3339(at.wall)


@functools.lru_cache(512)  # a status tells the same few moments again and again
def wall_rfc3339(wall: float) -> str:
    """The same of Unix seconds."""
    moment = datetime.fromtimestamp(wall, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
