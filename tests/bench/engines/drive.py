"""Plays the conformance cases through one engine: ``python -m tests.bench.engines.drive ENGINE``.

It prints one line of JSON for each case.

As `tests.conformance.drive` plays them through the loader: each in a fork of a process that has imported the engine and
never used it. Cases that speak of hotd's own interface say nothing about another engine, and are left out.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pickle
import re
import signal
import sys
import tempfile
import threading
import traceback
import weakref
from pathlib import Path
from typing import Any

from tests.bench.engines.engine import Engine
from tests.conformance.drive import LIBRARIES, Case, Tree, all_cases, raises, wait

_OF_OURS = re.compile(r"\b(loader|Loader|error|root|hotd)\b")
PATIENCE = 30
"""Seconds for one case; what takes longer hangs."""


def cases() -> dict[str, Case]:
    """Those that any engine could pass."""

    def neutral(case: Case) -> bool:
        snippets = [case["pre"], *case["mid"], *case["new"], *case["old"]]
        sources = [text for text in case["v1"].values() if isinstance(text, str)]
        return not _OF_OURS.search("\n".join(snippets)) and not any("hotd" in text for text in sources)

    return {name: case for name, case in all_cases().items() if neutral(case)}


def play(adapter: type[Engine], case: Case, root: Path) -> dict[str, Any]:
    """What held: whether the change was taken as it should be, each line about new code, and about old code."""
    tree = Tree(root)
    tree.put(case["v1"])
    engine = adapter([root / one for one in case.get("roots", (".",))])
    scene: dict[str, Any] = {
        "m": engine.load("m"), "cur": engine.current, "raises": raises, "wait": wait, "threading": threading, "gc": gc,
        "weakref": weakref, "pickle": pickle, "sys": sys, "traceback": traceback,
    }  # fmt: skip
    exec(case["pre"], scene)
    accepted = True
    for number, step in enumerate(case["v2"] if isinstance(case["v2"], list) else [case["v2"]]):
        changed = tree.put(step)
        accepted = _at_once(engine, changed) if case["id"].startswith("F08") else engine.reload(changed)
        if number < len(case["mid"]):
            exec(case["mid"][number], scene)
    if not case["id"].startswith("G06"):
        scene["n"] = engine.current("m")
    return {
        "taken": case["ok"] is None or accepted == case["ok"],
        "new": [_holds(line, scene) for line in case["new"]],
        "old": [_holds(line, scene) for line in case["old"]],
    }


def _at_once(engine: Engine, changed: list[Path]) -> bool:
    """Two threads reload; both must return."""
    ended: list[bool] = []
    threads = [threading.Thread(target=lambda: ended.append(engine.reload(changed)), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return ended == [True, True]


def _holds(line: str, scene: dict[str, Any]) -> bool:
    try:
        return bool(eval(line, scene))
    except BaseException:  # noqa: BLE001 - a line does not hold by whatever it raises
        return False


def in_a_fork(adapter: type[Engine], case: Case) -> dict[str, Any]:
    """The outcome, or that there was none: an exception on the way, a crash, a deadlock."""
    with tempfile.TemporaryFile() as told, tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            signal.alarm(PATIENCE)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            try:
                outcome = play(adapter, case, Path(folder))
            except BaseException:  # noqa: BLE001 - however it fails, the other cases go on
                outcome = {"broke": traceback.format_exc(limit=-3)}
            os.write(told.fileno(), json.dumps(outcome).encode())
            os._exit(0)
        os.waitpid(child, 0)
        told.seek(0)
        said = told.read()
        outcome = json.loads(said) if said else {"broke": "it crashed, or hung"}
        broken = {"taken": False, "new": [False] * len(case["new"]), "old": [False] * len(case["old"])}
        return {**(broken if "broke" in outcome else {}), **outcome, "case": case["id"], "origin": case["origin"]}


def main() -> None:
    for library in LIBRARIES:
        importlib.import_module(library)
    adapter: type[Engine] = importlib.import_module(f"tests.bench.engines.{sys.argv[1]}").Adapter
    for name, case in cases().items():
        if len(sys.argv) == 2 or name in sys.argv:
            sys.stdout.write(json.dumps(in_a_fork(adapter, case)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
