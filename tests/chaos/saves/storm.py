"""A real daemon, one who saves in every way there is, and who looks whether what runs is what is there."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hotctl import connect
from hotd.contract import codec
from hotd.contract.errors import Unreachable
from hotd.contract.requests import Logs, Status
from hotd.loading import Loader
from tests.chaos.saves.doing import Doing, units_of
from tests.chaos.saves.draw import CALM, Deed, Draw
from tests.chaos.saves.patterns import AT_ONCE
from tests.chaos.saves.tree import MODULES, UNITS, Tree
from tests.support.daemons import launch, ready
from tests.support.eventually import eventually

PATIENCE = 45.0
"""Seconds until it has to be as it should be, on a machine with others to serve."""
LONGEST = 12_000
"""Characters of a log."""
ONE_RELOAD = AT_ONCE | {"checkout", "release"}
_POLLING = 'backend = "polling"\ninterval = "200ms"\n'


class Storm:
    def __init__(
        self, folder: Path, seed: int, told: Callable[[str], None] = lambda _: None, *, polling: bool = False
    ) -> None:
        self.seed = seed
        self._polling = polling
        self.steps: list[str] = []
        self.waits: list[float] = []
        """Seconds from the end of each gust until all was as it should be."""
        self._told = told
        self._began = time.monotonic()
        self._tree = Tree(folder)
        self._tree.build()
        self._draw = Draw(seed, self._tree)
        self._doing = Doing(self._tree)
        self._made_of: dict[tuple[str, int], str] = {}
        self._read_to: dict[str, int | None] = dict.fromkeys(MODULES)
        self._logged = 0
        (folder / "hotd.toml").write_text(self._tree.config(_POLLING if polling else ""))
        self._daemon = launch(folder, env={"PYTHONFAULTHANDLER": "1"})

    def blow(self, seconds: float) -> None:
        """Raises AssertionError, with the seed and every step, where something is not as it should be."""
        try:
            ready(self._daemon, 90)
            with connect(str(self._daemon.socket), timeout=20) as self._client:
                numbers = self._converge()
                over = time.monotonic() + seconds
                while time.monotonic() < over:
                    numbers = self._gust(self._draw.gust(), numbers)
                self._gust(self._draw.rest(), numbers)
                self._compare_digests()
        except (AssertionError, Unreachable) as error:
            if isinstance(error, Unreachable):
                self._daemon.stop(signal.SIGABRT)  # faulthandler prints what every thread is at
            steps = "\n".join(self.steps[-60:])
            log = self._daemon.log[self._logged :][-LONGEST:]
            raise AssertionError(f"{error}\n\nSAVES_SEED={self.seed}\n{steps}\n\nthe daemon logged:\n{log}") from None
        finally:
            self._doing.finish()
            with contextlib.suppress(ProcessLookupError):
                self._daemon.process.kill()
            self._daemon.process.wait()

    def _gust(self, deeds: list[Deed], before: dict[str, int]) -> dict[str, int]:
        self._logged = len(self._daemon.log)
        for deed in deeds:
            self._say(str(deed))
            self._doing.do(deed)
        self._doing.finish()
        self._doing.do(self._draw.bell())
        began = time.monotonic()
        numbers = self._converge()
        self.waits.append(time.monotonic() - began)
        self._say(f"-- as it should be after {self.waits[-1]:.2f} s")
        for name in set(MODULES) - {"bell"}:
            made, most = numbers[name] - before[name], _most(name, deeds, polling=self._polling)
            assert made <= most, f"{name}: {made} generations where there should be no more than {most}"
        return numbers

    def _say(self, step: str) -> None:
        self.steps.append(step)
        self._told(f"{time.monotonic() - self._began:6.1f} {step}")

    # --- what is seen ---

    def _converge(self) -> dict[str, int]:
        """Until everything that runs is what stands on the disk; the generations that do."""
        expected = {name: self._tree.expected(name) for name in MODULES}
        seen: dict[str, Any] = {}

        def holds() -> bool:
            seen.update({module["name"]: module for module in codec.encode(self._client.ask(Status()))["modules"]})
            wrong = [said for name, should in expected.items() if (said := self._wrong(seen[name], should))]
            assert not wrong, "; ".join(wrong)
            return True

        eventually(holds, within=PATIENCE, what="what runs to be what stands on the disk")
        return {name: seen[name]["generation"] or 0 for name in MODULES}

    def _wrong(self, module: Any, should: str | None) -> str:
        name, number = module["name"], module["generation"]
        if should is None:
            return "" if module["rejected"] or module["out_of_sync"] else f"{name}: nothing is said of what is missing"
        if module["rejected"] or module["out_of_sync"]:
            return f"{name}: rejected {module['rejected']}, out of sync {module['out_of_sync']}"
        if (name, number) not in self._made_of:
            self._read(name)
        runs = self._made_of.get((name, number))
        return "" if runs == should else f"{name}: g{number} is made of\n{runs}, should be\n{should}"

    def _read(self, name: str) -> None:
        """What instances said that they are made of; one generation is one thing."""
        page = self._client.ask(Logs(name, self._read_to[name], 1000))
        self._read_to[name] = page.next
        for line in page.lines:
            if line.text.startswith("made of "):
                key, said = (name, line.generation), line.text.removeprefix("made of ")
                assert self._made_of.setdefault(key, said) == said, f"{name}: g{line.generation} is mixed: {said}"

    def _compare_digests(self) -> None:
        """With what somebody finds who reads everything for the first time."""
        roots = [self._tree.folder / name for name in ("ops", "repo", "current")]
        status = {module.name: module for module in self._client.status().modules}
        with Loader(roots) as loader:
            for name in UNITS:
                digest = loader.plan(entry=name).digest
                assert status[name].digest == digest, f"{name}: {status[name].digest}, on disk {digest}"


def _most(name: str, deeds: list[Deed], *, polling: bool) -> int:
    """How many generations these deeds may make of a module."""
    concerning = [deed for deed in deeds if deed.what not in CALM and name in units_of(deed)]
    if all(deed.what in (AT_ONCE if polling else ONE_RELOAD) for deed in concerning):
        return len(concerning)
    return 1000
