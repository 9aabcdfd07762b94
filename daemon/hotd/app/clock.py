"""The machine's two clocks, for every room that is handed a clock."""

from __future__ import annotations

import time

from hotd.core.values import Instant


class SystemClock:
    """``mono`` never goes back and counts no suspended time; ``wall`` is what people read."""

    def now(self) -> Instant:
        return Instant(time.monotonic(), time.time())
