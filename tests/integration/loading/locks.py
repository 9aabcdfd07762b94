"""The locks of the loading room, whoever has them."""

from __future__ import annotations

import gc
import sys
import threading
from typing import Any

KINDS = (type(threading.Lock()), type(threading.RLock()))
TURNS = {"Loader._turn", "Collector._turn"}
"""Held for a whole `load` or `reload`, and for a whole collection: only another such one wants them."""


def locks() -> dict[str, Any]:
    """Every lock that anything of the room has just now, turns excepted, by the name of who has it."""
    found: dict[str, Any] = {}
    for name, module in tuple(sys.modules.items()):
        if name.startswith("hotd.loading"):
            found |= {f"{name}.{key}": one for key, one in vars(module).items() if isinstance(one, KINDS)}
    for thing in gc.get_objects():
        if type(thing).__module__.startswith("hotd.loading") and hasattr(thing, "__dict__"):
            for key, one in vars(thing).items():
                if isinstance(one, KINDS):
                    found[f"{type(thing).__name__}.{key} of {id(thing)}"] = one
    return {name: one for name, one in found.items() if name.split(" ")[0] not in TURNS}
