"""One version of a program in a process of its own, with nothing but its folder on ``sys.path``: what Python does."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tests.oracle.forks import serve
from tests.oracle.observing import Lives, told
from tests.oracle.writing import PRELUDE


def alone(job: dict[str, Any]) -> dict[str, Any]:
    """Import the entry, ask its modules ``looks`` times; then try which of all modules can be imported at all."""
    assert not any(name.partition(".")[0] == "hotd" for name in sys.modules), "this process knows hotd"
    sys.path[0] = job["root"]
    names = set(job["modules"])
    error = _imported(job["entry"])
    loaded: list[str] = []
    looks: list[Any] = []
    if error is None:
        loaded = sorted(names & sys.modules.keys())
        modules = [sys.modules[name] for name in loaded if "_probes" in vars(sys.modules[name])]
        lives = Lives(modules, lambda module: lambda thunk: thunk())
        looks = [lives.look() for _ in range(job["looks"])]
    failing = {name: kind for name in sorted(names) if (kind := _imported(name)) is not None}
    return {"error": error, "loaded": loaded, "looks": told(looks, job["root"]), "failing": failing}


def _imported(name: str) -> str | None:
    """None, or the kind of exception that importing it raises."""
    try:
        importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        return type(error).__name__
    return None


if __name__ == "__main__":
    exec(PRELUDE, {})  # what all programs import: forks then have it already
    serve(alone)
