"""Counts what can be counted exactly, in a process of its own: ``python counting.py FOLDER`` prints JSON.

Hooks of ``sys.addaudithook`` cannot be taken back, and every function of the ``posix`` module is wrapped: whatever
Python code asks of the operating system, the import system included, goes through one of those.
"""

from __future__ import annotations

import builtins
import gc
import json
import os
import posix
import sys
from collections.abc import Callable
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any

from hotd.loading import Loader, Pool
from tests.bench.programs import Program, flat, popular, tree

_compiled = 0
_asked: list[tuple[str, str]] = []
"""Functions of ``posix`` that were called, with their first argument."""
_OF_OURS = frozenset({"fspath", "getpid", "fsencode", "fsdecode", "cpu_count"})
"""They ask nothing of the operating system, or not about files."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    global _compiled  # noqa: PLW0603 - hooks are the process's
    if event == "compile":
        _compiled += 1


def _counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*args: Any, **kwargs: Any) -> Any:
        _asked.append((name, str(args[0]) if args else ""))
        return function(*args, **kwargs)

    return ask


def watch() -> None:
    """From now on."""
    sys.addaudithook(_audit)
    for name, function in list(vars(posix).items()):
        if isinstance(function, BuiltinFunctionType) and name not in _OF_OURS:
            counted = _counted(name, function)
            setattr(posix, name, counted)
            if getattr(os, name, None) is function:
                setattr(os, name, counted)
    _open = builtins.open
    builtins.open = _counted("open()", _open)


class Counts:
    """What one action took."""

    def __init__(self, action: Callable[[], object], *, profiled: bool = True) -> None:
        global _compiled  # noqa: PLW0603 - as above
        _compiled = 0
        _asked.clear()
        calls = 0

        def profile(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        gc.collect()
        gc.disable()  # what is collected calls back
        sys.setprofile(profile if profiled else None)
        try:
            self.result = action()
        finally:
            sys.setprofile(None)
            gc.enable()
        self.compiled, self.calls, self.asked = _compiled, calls, list(_asked)

    def told(self, **more: object) -> dict[str, object]:
        return {"compiled": self.compiled, "calls": self.calls, "asked": self.asked, **more}


def reloads(root: Path, shape: dict[str, list[str]], edited: str) -> dict[str, object]:
    """First load, an edit, the same bytes again, the edit taken back, undo: of one program."""
    program = Program(root, shape)
    told: dict[str, object] = {
        "size": len(shape),
        "users": len(program.users(edited)),
        "file": str(program.path(edited)),
    }
    with Loader([root]) as loader:
        told["first"] = Counts(lambda: loader.load("m"), profiled=False).told()
        for _ in range(3):  # the first times, things are set up that stay
            loader.reload([program.edit(edited)])
        before, generation = program.path(edited).read_bytes(), loader.current
        assert generation is not None
        path = program.edit(edited)
        candidates = []
        counts = Counts(lambda: candidates.append(loader.stage([path])))
        told["edit"] = counts.told(executed=len(candidates[0].reloaded))
        told["promote"] = Counts(lambda: loader.promote(candidates[0])).told()
        other = next(name for name in shape if name not in (edited, *program.users(edited)))
        told["find"] = Counts(lambda: loader.current and loader.current.find(other)).told()
        told["same"] = Counts(lambda: loader.reload([path])).told(unchanged=loader.current is candidates[0].generation)
        path.write_bytes(before)
        told["back"] = Counts(lambda: loader.reload([path])).told()
        told["undo"] = Counts(lambda: loader.promote(generation)).told()
        told["everything"] = Counts(loader.reload, profiled=False).told()
    return told


def shared(root: Path) -> dict[str, object]:
    """A second hosted module over the same pool, and the same one again from its bundle."""
    program = Program(root, popular(40, 20))
    pool = Pool()
    with Loader([root], pool=pool) as one, Loader([root], pool=pool) as two:
        generation = one.load("m")
        told: dict[str, object] = {"second": Counts(lambda: two.load("m")).told(same=two.current is not generation)}
        bundle = one.bundle(generation)
        program.edit("helper")
        one.reload()
        told["bundle"] = Counts(lambda: one.restore(bundle)).told()
    return told


def imports(root: Path) -> dict[str, object]:
    """Import statements that run a second time."""
    root.mkdir()
    (root / "m.py").write_text(
        "import pk.b\ndef look():\n    import x, pk.b, os\n    from pk import b\n    from pk.b import V\n"
    )
    (root / "x.py").write_text("")
    (root / "pk").mkdir()
    (root / "pk/__init__.py").write_text("")
    (root / "pk/b.py").write_text("V = 1\n")
    with Loader([root]) as loader:
        look = loader.load("m").module("m").look
        look()
        return Counts(look).told()


def main(folder: Path) -> None:
    watch()
    json.dump(
        {
            "tree": reloads(folder / "tree", tree(1_000), "n999"),
            "small tree": reloads(folder / "small", tree(111), "n110"),
            "flat": reloads(folder / "flat", flat(300), "leaf7"),
            "popular": reloads(folder / "popular", popular(200), "helper"),
            "shared": shared(folder / "shared"),
            "imports": imports(folder / "imports"),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
