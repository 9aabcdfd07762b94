"""By hand: ``python -m tests.chaos SEED [SECONDS]`` tells every step as it is done."""

from __future__ import annotations

import sys

from tests.chaos.chaos import Chaos
from tests.support.daemons import folder_for_sockets

seed, seconds = int(sys.argv[1]), float((sys.argv[2:] or ["60"])[0])
with folder_for_sockets() as folder:
    chaos = Chaos(folder, seed, told=lambda step: print(step, flush=True))  # noqa: T201 - it is a command
    chaos.blow(seconds)
print(f"{len(chaos.steps)} steps, {chaos.kills} kills, every promise kept")  # noqa: T201 - as above
