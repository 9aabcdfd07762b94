"""``python -m tests.oracle SEED [EDITS]``: play a scenario, and where it fails tell it shrunk."""

from __future__ import annotations

import sys

from tests.oracle.running import rig
from tests.oracle.scenario import invent
from tests.oracle.telling import report


def main(seed: int, edits: int = 10) -> None:
    scenario = invent(seed, edits)
    with rig() as one:
        found = one.run(scenario)
        told = report(one, scenario, found[0].kind) if found else f"seed {seed}: nothing wrong"
    sys.stdout.write(told + "\n")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
