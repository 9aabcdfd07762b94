"""What a daemon costs that hosts much and has seen much. Not collected by itself: `make bench`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotctl import connect
from hotd.core.records import KeptModule
from hotd.store.pruning import MOST_REVISIONS
from tests.bench.conftest import Tell
from tests.bench.crowds import crowd, one_ends
from tests.bench.paired import Action, paired
from tests.integration.store.samples import generation, kept, revision
from tests.support.daemons import Running, config, environment, folder_for_sockets, launch, ready
from tests.support.eventually import eventually
from tests.support.ops import hosted

MODULES, EACH = 50, 20
IDLE = 10.0
"""Seconds of doing nothing."""
WORK = "from hotd import api\n\n\ndef work():\n    while not api.wait(3600):\n        pass\n"


def exchange(daemon: Running, ask: Callable[[], Any], times: int = 100) -> float:
    """Seconds of a core that one question takes, on both sides together: the machine has others to serve."""
    ask()
    there, here = cpu(daemon.process.pid), time.process_time()
    for _ in range(times):
        ask()
    return (cpu(daemon.process.pid) - there + time.process_time() - here) / times


def cpu(pid: int) -> float:
    """Seconds of a core that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_view_is_published(holds: Tell) -> None:
    """1,000 instances over 50 modules: one ends, and 5 ms later it can be seen that another takes its place."""
    book, now = crowd(MODULES, EACH)
    taken = paired({"one ends": Action(lambda: one_ends(book, now))}, 100)
    holds("view of 1,000 instances over 50 modules, ms", taken["one ends"] * 1e3, 5, "decided, reconciled, compared")


@pytest.mark.timeout(600)
def test_a_daemon_with_nothing_to_do(holds: Tell) -> None:
    """With 1,000 instances that wait, it takes less than a hundredth of a core."""
    tables = "".join(hosted(f"m{n}", "shared_work:work", EACH) for n in range(MODULES))
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "shared_work.py").write_text(WORK)
        limits = f'drain_deadline = "1s"\nmax_instances = {MODULES * EACH}'
        (folder / "hotd.toml").write_text(config(tables, daemon=limits))
        daemon = launch(folder)
        try:
            ready(daemon, 120)
            with connect(str(daemon.socket)) as client:
                eventually(lambda: len(client.instances()) == MODULES * EACH and calm(client), within=120)
                status = exchange(daemon, client.status)
            before, began = cpu(daemon.process.pid), time.monotonic()
            eventually(lambda: time.monotonic() - began > IDLE, within=IDLE + 5)
            share = (cpu(daemon.process.pid) - before) / (time.monotonic() - began)
        finally:
            daemon.process.kill()
            daemon.process.wait()
    holds("idle with 1,000 instances, % of a core", share * 100, 1, f"status meanwhile {status * 1e3:.1f} ms")


def calm(client: Any) -> bool:
    return all(module.health == "Healthy" for module in client.status().modules)


@pytest.mark.timeout(600)
def test_a_long_history(holds: Tell) -> None:
    """10,000 revisions of 50 modules: a page of `history` in 20 ms, a start in 300 ms more than over an empty store."""
    starts: dict[str, list[float]] = {"empty": [], "full": []}
    tables = "".join(hosted(f"m{n}", "shared_work:work", 1) for n in range(MODULES))
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "shared_work.py").write_text(WORK)
        (folder / "hotd.toml").write_text(config(tables))
        for turn in range(5):
            for kind, taken in starts.items():
                state = folder / "state"
                state.mkdir(mode=0o700, exist_ok=True)
                for file in state.glob("hotd.db*"):
                    file.unlink()
                if kind == "full":
                    fill(state)
                taken.append(started(folder, turn, kind, holds))
    more = min(starts["full"]) - min(starts["empty"])
    how = f"{min(starts['empty']) * 1e3:.0f} ms empty, {min(starts['full']) * 1e3:.0f} ms full"
    holds("start over 10,000 revisions, ms more", more * 1e3, 300, how)


def fill(state: Path) -> None:
    names = [f"m{n}" for n in range(MODULES)]
    with kept(state) as it:
        modules = [KeptModule(name, 100, None, tuple(range(1, 101)), quarantine={"d" * 64: "undone"}) for name in names]
        generations = [generation(n, f"{n:064}", name, executed=(name,)) for name in names for n in range(1, 101)]
        revisions = [revision(n, module=names[n % MODULES]) for n in range(1, MOST_REVISIONS + 1)]
        it.keep(*modules, *generations, *revisions)


def started(folder: Path, turn: int, kind: str, holds: Tell) -> float:
    """Seconds of a core until it serves."""
    (folder / "daemon.log").unlink(missing_ok=True)
    daemon: Running = launch(folder, env=environment())
    try:
        ready(daemon)
        took = cpu(daemon.process.pid)
        if kind == "full" and turn == 0:
            with connect(str(daemon.socket)) as client:
                page = exchange(daemon, client.history)
                of_one = exchange(daemon, lambda: client.history("m7"))
            holds("page of `history` of 10,000, ms", page * 1e3, 20, f"of one module {of_one * 1e3:.1f} ms")
    finally:
        daemon.process.kill()
        daemon.process.wait()
    return took
