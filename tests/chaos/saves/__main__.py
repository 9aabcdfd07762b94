"""By hand: ``python -m tests.chaos.saves SEED [SECONDS [polling]]`` tells every step as it is done."""

from __future__ import annotations

import statistics
import sys

from tests.chaos.saves.storm import Storm
from tests.support.daemons import folder_for_sockets

seed, seconds = int(sys.argv[1]), float((sys.argv[2:] or ["60"])[0])
with folder_for_sockets() as folder:
    polling = "polling" in sys.argv
    storm = Storm(folder, seed, lambda step: print(step, flush=True), polling=polling)  # noqa: T201 - it is a command
    storm.blow(seconds)
print(  # noqa: T201 - as above
    f"seed {seed}: {len(storm.steps)} steps, {len(storm.waits)} quiet moments and no difference; "
    f"waited {statistics.median(storm.waits):.2f} s, at most {max(storm.waits):.2f}"
)
