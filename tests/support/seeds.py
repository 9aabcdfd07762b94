"""The seeds of those tests that draw: the same in every run, so that a run says something of what was changed."""

from __future__ import annotations

import os
import random

FRESH = bool(os.environ.get("FRESH_SEEDS"))
"""Whether to look where nobody has looked yet (``make test-chaos``), not whether all is as it was."""


def seed_of(variable: str, usual: int) -> int:
    """What the environment says under that name, or a fresh one where that is asked for; the usual one otherwise."""
    return int(os.environ.get(variable) or (random.SystemRandom().randrange(1_000_000) if FRESH else usual))
