"""Writes BENCHMARKS.md: every engine through the same cases and rows, and our own bounds. See `make compare`."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.engines.cost import ROWS
from tests.bench.engines.drive import cases
from tests.conformance.drive import all_cases

ENGINES = {
    "hotd_loader": "**hotd**",
    "delete_and_import": "delete and import",
    "importlib_reload": "importlib.reload",
    "liveimport_engine": "liveimport",
    "hmr_engine": "hmr",
    "ipython_engine": "IPython autoreload, deduper",
    "ipython_superreload": "IPython autoreload, superreload",
    "jurigged_engine": "jurigged",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How one engine did."""

    name: str
    version: str
    note: str
    outcomes: list[dict[str, Any]]
    costs: dict[str, float | None]


def result(module: str) -> Result | None:
    """Drive one engine. None where it is not installed."""
    ask = f"from tests.bench.engines.{module} import Adapter as A; print(A.distribution, A.note, sep='|')"
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    if asked.returncode:
        return None
    distribution, _, note = asked.stdout.strip().rpartition("\n")[2].partition("|")
    version = importlib.metadata.version(distribution) if distribution else ""
    driven = subprocess.run(
        [sys.executable, "-m", "tests.bench.engines.drive", module],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=_environment(),
    )
    outcomes = [json.loads(line) for line in driven.stdout.splitlines()]
    return Result(ENGINES[module], version, note, outcomes, {row: cost(module, row) for row in ROWS})


def _environment() -> dict[str, str]:
    """As users have it: engines that use bytecode caches may write them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def cost(module: str, row: str) -> float | None:
    """Median ms; None where the engine cannot do it."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.bench.engines.cost", module, row],
        capture_output=True, text=True, check=False, timeout=600, env=_environment(),
    )  # fmt: skip
    sys.stderr.write(f"{module} {row}: {said.stdout.strip() or said.stderr.strip().rpartition(chr(10))[2]}\n")
    return float(said.stdout.split()[-1]) if said.returncode == 0 else None


def conformance(results: list[Result], given: set[str]) -> Iterator[str]:
    """One line for each engine: a case counts when all of it holds."""
    heads = "version", "cases passed", "of the 79 given", "new code right", "old code intact", "taken, refused rightly"
    yield f"| engine | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    for one in results:
        done = one.outcomes
        passed = [each for each in done if each["taken"] and all(each["new"]) and all(each["old"])]
        new, old = ([each[half] for each in done if each[half]] for half in ("new", "old"))
        yield (
            f"| {one.name} | {one.version} | {len(passed)}/{len(done)} "
            f"| {sum(each['case'] in given for each in passed)}/{sum(each['case'] in given for each in done)} "
            f"| {sum(map(all, new))}/{len(new)} | {sum(map(all, old))}/{len(old)} "
            f"| {sum(each['taken'] for each in done)}/{len(done)} |"
        )


def costs(results: list[Result]) -> Iterator[str]:
    """One line for each engine, one column for each row of `ROWS`."""
    yield f"| engine | {' | '.join(title for title, _, _ in ROWS.values())} | what it does |"
    yield "|---" * (len(ROWS) + 2) + "|"
    for one in results:
        figures = " | ".join("failed" if (ms := one.costs[row]) is None else f"{ms:.3g}" for row in ROWS)
        yield f"| {one.name} | {figures} | {one.note} |"


def bounds(file: Path) -> Iterator[str]:
    """What `make bench` noted."""
    yield "| | figure | bound | | how |"
    yield "|---|---|---|---|---|"
    for row in json.loads(file.read_text()):
        held = "held" if row["figure"] <= row["bound"] else "**missed**"
        yield f"| {row['what']} | {row['figure']:.2f} | {row['bound']:g} | {held} | {row['how']} |"


PAGE = """\
# Benchmarks

From a run on {date}: CPython {python}, Linux, {cores} cores. `make compare` installs the other engines into an
environment of their own, runs everything and writes this file.

## Conformance

The {neutral} cases of `tests/conformance` that do not speak of hotd's own interface, each in a fresh process, each
engine driven the same way through a small adapter (`tests/bench/engines`). A case passes when the change is taken or
refused as it should be, code reached afresh is the new one, and code kept from before is the old one. Engines that
patch or reload in place break the last half on purpose: it is no defect of theirs, it is what hotd is for. (hotd itself
passes all {all} cases; its test suite says so.)

{conformance}

## What one reload costs

Median ms of CPU time of the reloading thread, until the new code has been asked for. Modules of 100 lines; the entry
imports all of the 1,000.

{costs}
"""
BOUNDS = """
## Our own bounds

From `make bench`: each figure is measured side by side with what it is compared to, round by round, as a median of CPU
time. The machine does other work at the same time: the ratios count, not the milliseconds.

{bounds}
"""


def page(results: list[Result], missing: list[str], rows: Path | None) -> str:
    known, neutral = all_cases(), cases()
    given = {name for name, case in known.items() if not case["origin"].startswith("hotd: ")}
    nobody = [f"| {ENGINES[name]} | could not be installed | | | | | |" for name in missing]
    told = PAGE.format(
        date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        python=platform.python_version(),
        cores=os.cpu_count(),
        neutral=len(neutral),
        all=len(known),
        conformance="\n".join([*conformance(results, given), *nobody]),
        costs="\n".join(costs(results)),
    )
    if rows is not None and rows.exists():
        told += BOUNDS.format(bounds="\n".join(bounds(rows)))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="what to write")
    parser.add_argument("--rows", type=Path, help="what `make bench` noted")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only these")
    asked = parser.parse_args()
    results, missing = [], []
    for module in asked.engine or ENGINES:
        found = result(module)
        if found is None:
            missing.append(module)
        else:
            results.append(found)
    asked.file.write_text(page(results, missing, asked.rows))


if __name__ == "__main__":
    main()
