"""Drives cases through ``hotd.loading.Loader``, each in a process of its own.

``python -m tests.conformance.drive [--plain] CASE…``: one line of JSON tells how each ended. Cases disturb
``sys.modules``, ``builtins`` and threads on purpose, so none of them may see another: each is a fork of a process that
has imported the loader and never used it. What must hold is not said by ``assert`` here, so that it holds under
``python -O`` too.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pickle
import runpy
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hotd.contract.errors import LoadRejected
from hotd.loading import Generation, Loader

HERE = Path(__file__).parent
Case = dict[str, Any]


def all_cases() -> dict[str, Case]:
    """The given data file and our own, by id."""
    found: list[Case] = []
    for file in ("cases.py", "more_cases.py", "wild_cases.py"):
        found += runpy.run_path(str(HERE / file))["CASES"]
    return {case["id"]: case for case in found}


class Tree:
    """The case's files; each step is five seconds younger than the last."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._now = 1_700_000_000

    def put(self, files: dict[str, str | bytes | None]) -> list[Path]:
        """Write or delete the files, and return their paths. A text ``-> target`` makes a symbolic link."""
        self._now += 5
        touched = []
        for name, content in files.items():
            path = self.root / name
            touched.append(path)
            if path.is_symlink() or (content is None and path.is_file()):
                path.unlink()
            elif content is None:
                shutil.rmtree(path)
            if content is None:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str) and content.startswith("-> "):
                path.symlink_to(content.removeprefix("-> "))
                continue
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            os.utime(path, (self._now, self._now))
        return touched


def wait(true: Callable[[], object]) -> None:
    """Return as soon as it is true; the data file's own cases use nothing that could be waited for better."""
    end = time.monotonic() + 10
    pause = threading.Event()
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it never became true")
        pause.wait(0.002)


def require(holds: object, otherwise: object) -> None:
    """``assert``, also under ``-O``."""
    if not holds:
        raise AssertionError(otherwise)


def raises(kind: type[BaseException], fn: Callable[[], object]) -> bool:
    """Whether calling ends in an exception of that kind."""
    try:
        fn()
    except kind:
        return True
    return False


def reload_twice_at_once(loader: Loader, changed: list[Path]) -> None:
    """F08: two threads reload, both must return."""
    ended: list[Generation | BaseException] = []

    def reload() -> None:
        try:
            ended.append(loader.reload(changed=changed))
        except BaseException as error:  # noqa: BLE001 - told below, by the thread that can fail the case
            ended.append(error)

    threads = [threading.Thread(target=reload) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    require(len(ended) == 2, "a reload did not return")
    require(ended[0] is ended[1] is loader.current, ended)


def drive(case: Case, root: Path, *, plain_names: bool = False) -> None:
    """Play the case. AssertionError tells what did not hold."""
    tree = Tree(root)
    tree.put(case["v1"])
    roots = [root / one for one in case.get("roots", (".",))]
    with Loader(roots, plain_names=plain_names) as loader:

        def cur(name: str) -> ModuleType:
            assert loader.current is not None
            return loader.current.module(name)

        scene: dict[str, Any] = {
            "m": loader.load("m").module("m"), "cur": cur, "raises": raises, "wait": wait, "threading": threading,
            "gc": gc, "weakref": weakref, "pickle": pickle, "sys": sys, "traceback": traceback, "loader": loader,
            "root": root,
        }  # fmt: skip
        exec(case["pre"], scene)
        steps = case["v2"] if isinstance(case["v2"], list) else [case["v2"]]
        accepted = True
        for number, step in enumerate(steps):
            changed = tree.put(step)
            if case["id"].startswith("F08"):
                reload_twice_at_once(loader, changed)
            else:
                accepted = _reload(loader, changed, scene)
            if number < len(case["mid"]):
                exec(case["mid"][number], scene)
        if case["ok"] is not None:
            require(accepted == case["ok"], f"accepted: {accepted}, {scene.get('error')}")
        if not case["id"].startswith("G06"):
            scene["n"] = cur("m")
        wrong = [f"{half}: {line}" for half in ("new", "old") for line in case[half] if not _holds(line, scene)]
        require(not wrong, wrong)


def _reload(loader: Loader, changed: list[Path], scene: dict[str, Any]) -> bool:
    before = loader.current
    try:
        loader.reload(changed=changed)
    except LoadRejected as error:
        scene["error"] = error
        require(loader.current is before, "a refusal changed what is current")
        require(error.digest, "a refusal does not say what was refused")
        return False
    return True


def _holds(line: str, scene: dict[str, Any]) -> bool:
    try:
        return bool(eval(line, scene))
    except BaseException:  # noqa: BLE001 - a case fails by whatever it raises
        traceback.print_exc()
        return False


def in_a_fork(case: Case, *, plain_names: bool = False) -> tuple[int, str]:
    """The exit status of a process that plays the case, and what it printed."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a deadlock is a failure, not a wait
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            status = 1
            try:
                drive(case, Path(folder), plain_names=plain_names)
                status = 0
            except BaseException:  # noqa: BLE001 - however it fails, the other cases go on
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        said.seek(0)
        return ended, said.read().decode(errors="replace")


LIBRARIES = ("asyncio", "attrs", "cloudpickle", "concurrent.futures", "pydantic")
"""What many cases import, and what takes its time: imported once, before there is a loader."""


PLAIN = "--plain"
"""Let code have the plain names of its files."""


def main() -> None:
    for library in LIBRARIES:
        importlib.import_module(library)
    known, plain_names = all_cases(), PLAIN in sys.argv
    for case in [one for one in sys.argv[1:] if one != PLAIN]:
        status, said = in_a_fork(known[case], plain_names=plain_names)
        sys.stdout.write(json.dumps({"case": case, "status": status, "said": said}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
