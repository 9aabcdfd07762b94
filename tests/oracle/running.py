"""Plays scenarios: the loader in one process, each version alone in others, and a judge over both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.oracle.closures import Closures
from tests.oracle.forks import Server
from tests.oracle.judging import Failure, Judge
from tests.oracle.program import Program
from tests.oracle.scenario import Scenario
from tests.oracle.writing import files_of

ROOT = str(Path(__file__).parents[2])
LOOKS = 12
"""How often a version alone is asked: a generation lives through as many steps at most."""


class Rig:
    """Two servers, a folder, and what is known of versions already run alone."""

    def __init__(self, loaders: Server, pythons: Server, folder: Path) -> None:
        self._loaders = loaders
        self._pythons = pythons
        self._folder = folder
        self._alone: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, Any]] = {}
        self._lives = 0

    def run(self, scenario: Scenario) -> list[Failure]:
        """What is wrong with the loader, as far as this scenario tells."""
        versions = [files_of(step.version) for step in scenario.steps]
        closures = [Closures(files) for files in versions]
        self._run_alone(scenario.entries, versions, closures)
        alone = [[self._alone[_key(entry, files)] for entry in scenario.entries] for files in versions]
        played = self._loaders.do([self._job(scenario, versions, alone)])[0]
        return list(Judge(scenario, closures, alone).failures(played))

    def _run_alone(self, entries: tuple[str, ...], versions: list[dict[str, str]], closures: list[Closures]) -> None:
        jobs: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, Any]] = {}
        for files, names in zip(versions, closures, strict=True):
            for entry in entries:
                if (key := _key(entry, files)) not in self._alone and key not in jobs:
                    root = self._fresh_folder()
                    for path, text in files.items():
                        (root / path).parent.mkdir(parents=True, exist_ok=True)
                        (root / path).write_text(text)
                    jobs[key] = {"root": str(root), "entry": entry, "looks": LOOKS, "modules": sorted(names.names)}
        for (key, job), result in zip(jobs.items(), self._pythons.do(list(jobs.values())), strict=True):
            assert result["made"] is not None, f"a version alone did not end:\n{result['said']}"
            self._alone[key] = result["made"]
            shutil.rmtree(job["root"])

    def _job(
        self, scenario: Scenario, versions: list[dict[str, str]], alone: list[list[dict[str, Any]]]
    ) -> dict[str, Any]:
        steps = [
            {
                "files": files, "look": step.look, "how": step.how, "lines": step.lines, "undo": step.undo,
                "drop": step.drop,
            }
            for step, files in zip(scenario.steps, versions, strict=True)
        ]  # fmt: skip
        return {
            "root": str(self._fresh_folder()),
            "entries": scenario.entries,
            "steps": steps,
            "loaded": [[one["loaded"] if one["error"] is None else None for one in lines] for lines in alone],
            "raw": scenario.raw,
            "sabotage": scenario.sabotage,
        }

    def _fresh_folder(self) -> Path:
        self._lives += 1
        folder = self._folder / str(self._lives)
        folder.mkdir()
        return folder


@contextmanager
def rig() -> Iterator[Rig]:
    """A rig, for as many scenarios as one likes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Server("tests.oracle.play", ROOT) as loaders,
        Server("tests.oracle.alone", ROOT) as pythons,
    ):
        yield Rig(loaders, pythons, Path(folder))


def _key(entry: str, files: dict[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return entry, tuple(sorted(files.items()))


def program_of(scenario: Scenario, step: int) -> Program:
    """The version at a step."""
    return scenario.steps[step].version
