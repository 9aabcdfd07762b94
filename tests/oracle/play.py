"""A program's life under a loader: every edit, every reload, and every generation asked again after each."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hotd.contract.errors import LoadRejected
from hotd.core.marks import plain
from hotd.loading import Candidate, Generation, Loader, Pool
from tests.oracle.forks import serve
from tests.oracle.observing import Call, Lives, told
from tests.oracle.sabotage import SABOTAGES
from tests.oracle.writing import PRELUDE


class Line:
    """One loader, and what it made."""

    def __init__(self, entry: str, loader: Loader) -> None:
        self.entry = entry
        self.loader = loader
        self.unheard: set[str] = set()
        """Files that were written since it last looked."""
        self.made: list[Made] = []


class Made:
    """One generation that came to be."""

    def __init__(self, generation: Generation, version: int, line: int, lives: Lives, loaded: list[str]) -> None:
        self.generation: Generation | None = generation
        self.version = version
        self.line = line
        self.lives: Lives | None = lives
        self.loaded = loaded
        self.looks: list[Any] = []


class Play:
    """The life, told as a list of events and the looks of each generation."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.root = Path(job["root"])
        pool = Pool()
        self.lines = [Line(entry, Loader([self.root], pool=pool)) for entry in job["entries"]]
        self.made: list[Made] = []
        self.events: list[dict[str, Any]] = []
        self.written: dict[str, str] = {}

    def run(self) -> dict[str, Any]:
        for number, step in enumerate(self.job["steps"]):
            self._undo(step)
            self._write(step["files"])
            for index, line in enumerate(self.lines):
                if number == 0 or step["lines"][index]:
                    self._reload(number, step, index, line)
            for made in self.made:
                if made.lives is not None:
                    made.looks.append(told(plain_in(made.lives.look()), str(self.root)))
            self._drop(step)
        return {
            "events": self.events,
            "made": [{"version": one.version, "line": one.line, "looks": one.looks} for one in self.made],
        }

    def _undo(self, step: dict[str, Any]) -> None:
        if step["undo"] is None:
            return
        for line in self.lines:
            known = [one.generation for one in line.made if one.generation is not None]
            if known:
                line.loader.promote(known[step["undo"] % len(known)])

    def _write(self, files: dict[str, str]) -> None:
        changed = {path for path in self.written.keys() | files.keys() if self.written.get(path) != files.get(path)}
        for path in sorted(changed):
            place = self.root / path
            if path in files:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(files[path])
            else:
                place.unlink()
                self._sweep(place.parent)
        self.written = dict(files)
        for line in self.lines:
            line.unheard |= changed

    def _sweep(self, folder: Path) -> None:
        """A folder with nothing in it would be a namespace package."""
        while folder != self.root and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _reload(self, number: int, step: dict[str, Any], index: int, line: Line) -> None:
        before = line.loader.current
        changed = None if step["look"] == "full" else [self.root / path for path in sorted(line.unheard)]
        line.unheard = set()
        event: dict[str, Any] = {"step": number, "line": index, "on": self._version_of(line, before)}
        self.events.append(event)
        try:
            after = self._bring(step["how"], line, changed)
        except LoadRejected as error:
            event |= {"outcome": "refused", "code": error.code, "why": f"{error}"}
            assert line.loader.current is before, "a refusal changed what is current"
            return
        assert line.loader.current is after
        if after is before:
            event |= {"outcome": "unchanged"}
            return
        loaded = self.job["loaded"][number][index]
        event |= {"outcome": "made", "generation": len(self.made), "number": after.number}
        if loaded is None:
            return
        missing = [name for name in loaded if after.find(name) is None]
        event |= {
            "missing": missing,
            "astray": [name for name in loaded if name not in missing and astray(name, after)],
        }
        modules = [after.module(name) for name in loaded if name not in missing]
        probed = [module for module in modules if "_probes" in vars(module)]
        made = Made(
            after,
            number,
            index,
            Lives(probed, self._caller(after, line.entry)),
            [n for n in loaded if n not in missing],
        )
        if before is not None:
            event["same"] = [
                name
                for name in self._both(line, before, loaded)
                if name not in missing and before.module(name) is after.module(name)
            ]
        event["shared"] = [name for name in loaded if name not in missing and self._is_shared(name, after, line)]
        self.made.append(made)
        line.made.append(made)

    def _bring(self, how: str, line: Line, changed: list[Path] | None) -> Generation:
        loader = line.loader
        if loader.current is None:
            return loader.load(line.entry)
        if how == "check":
            loader.check(changed)
        elif how in ("stage", "discard"):
            candidate: Candidate = loader.stage(changed)
            if how == "stage":
                return loader.promote(candidate)
            loader.discard(candidate)
        return loader.reload(changed)

    def _caller(self, generation: Generation, entry: str) -> Callable[[ModuleType], Call]:
        def call(module: ModuleType) -> Call:
            if self.job["raw"] and module.__name__ == entry:
                return lambda thunk: thunk()  # as a framework calls back: the entry's own frames must do
            return generation.run

        return call

    def _both(self, line: Line, before: Generation, loaded: list[str]) -> list[str]:
        earlier = next((one.loaded for one in line.made if one.generation is before), [])
        return sorted(set(earlier) & set(loaded))

    def _is_shared(self, name: str, after: Generation, line: Line) -> bool:
        """Whether the other line's current has the same object."""
        for other in self.lines:
            current = other.loader.current
            if other is not line and current is not None and current.find(name) is after.find(name):
                return True
        return False

    def _version_of(self, line: Line, generation: Generation | None) -> int | None:
        return next((one.version for one in line.made if generation is not None and one.generation is generation), None)

    def _drop(self, step: dict[str, Any]) -> None:
        if step["drop"] is None:
            return
        serving = {id(line.loader.current) for line in self.lines}
        idle = [one for one in self.made if one.generation is not None and id(one.generation) not in serving]
        if idle:
            chosen = idle[step["drop"] % len(idle)]
            chosen.generation = chosen.lives = None
        gc.collect()


def astray(name: str, generation: Generation) -> bool:
    """Whether code that belongs to no generation is given another module than the head's under this name."""
    return getattr(sys.modules[name], "_state", None) is not getattr(generation.module(name), "_state", None)


def plain_in(value: Any) -> Any:
    """The observation with file names as people know them."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [plain_in(one) for one in value]
    if isinstance(value, dict):
        return {key: plain_in(one) for key, one in value.items()}
    return value


def play(job: dict[str, Any]) -> dict[str, Any]:
    """The events of a life, and what was seen in it."""
    sys.dont_write_bytecode = True
    os.chdir("/")
    if job.get("sabotage"):
        SABOTAGES[job["sabotage"]]()
    return Play(job).run()


if __name__ == "__main__":
    exec(PRELUDE, {})  # what all programs import: forks then have it already
    serve(play)
