"""The thread that looks at what was imported for good."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hotd.app.clock import SystemClock
from hotd.core.messages import LoadJob, LoadKind, LoadOutcome, Stale, StaleReport
from hotd.loading.hosting import Hosting
from hotd.loading.slow_look import SlowLook
from hotd.loading.sticky import MOST, Sticky
from tests.integration.loading.conftest import Ops
from tests.support.eventually import eventually
from tests.support.extensions import build


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A package that was imported."""
    file = tmp_path / "pkg_xyz.py"
    file.write_text("1\n")
    module = ModuleType("pkg_xyz")
    module.__file__ = str(file)
    sys.modules["pkg_xyz"] = module
    yield file
    del sys.modules["pkg_xyz"]


def known(file: Path) -> Sticky:
    sticky = Sticky()
    sticky.note()
    sticky.look_first(most=100_000)
    assert sticky.holds(str(file))
    return sticky


def test_a_change_and_its_end_are_told_once(package: Path) -> None:
    """Whoever is told may take what it is told for all that is so, until it is told again."""
    told: queue.SimpleQueue[StaleReport] = queue.SimpleQueue()
    looking = SlowLook(known(package), dict, told.put, SystemClock(), pause=0.01)
    looking.start()
    try:
        package.write_text("2\n")
        assert told.get(timeout=30) == StaleReport((Stale("package", "pkg_xyz", 1, str(package)),))
        package.write_text("1\n")
        assert told.get(timeout=30) == StaleReport()
    finally:
        looking.close()
        looking.close()
    assert told.empty()


def test_what_the_watcher_has_seen_is_looked_at_at_once(package: Path) -> None:
    """However long the next look would be away; it is told when it has lasted."""
    sticky, clock = known(package), SystemClock()
    looking = SlowLook(sticky, dict, lambda _: None, clock, pause=3600)
    looking.start()
    try:
        package.write_text("2\n")
        looking.changed([str(package)])
        eventually(lambda: [one.name for one in sticky.differing] == ["pkg_xyz"])
    finally:
        looking.close()


def test_a_defect_ends_the_looking_and_is_told(package: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, in the log, and not every second."""

    def broken(_: StaleReport) -> None:
        raise ValueError("a defect")

    looking = SlowLook(known(package), dict, broken, SystemClock(), pause=0.01)
    package.write_text("2\n")
    with caplog.at_level(logging.ERROR, "hotd.loading"):
        looking.start()
        eventually(lambda: "nobody looks any more" in caplog.text)
    looking.close()
    assert "hotd-slow-look" not in {thread.name for thread in threading.enumerate()}


def test_hosted_code_s_own_imports_are_looked_after(tmp_path: Path) -> None:
    """From the load on: native code under the roots is no longer the loader's affair, and the module is told."""
    ops = Ops(tmp_path)
    path = build(ops.root, "fast", 1)
    ops.write(m="import fast\ndef work(): pass\n")
    told: queue.SimpleQueue[StaleReport] = queue.SimpleQueue()
    outcomes: queue.SimpleQueue[LoadOutcome] = queue.SimpleQueue()
    hosting = Hosting(SystemClock(), also=(), ignore=())
    looking = hosting.slow_look(told.put, pause=0.05)
    looking.start()
    try:
        hosting.host("op", (str(ops.root),))
        assert hosting.touched_by("op", frozenset({str(path)})) is False
        hosting.start(LoadJob(1, "op", "m:work", (), {}, LoadKind.STAGE), outcomes.put)
        outcome = outcomes.get(timeout=30)
        hosting.promote("op", 1)
        touched = frozenset({str(path)}), frozenset({str(ops.root / "m.py")})
        eventually(lambda: [hosting.touched_by("op", paths) for paths in touched] == [False, True])
        build(ops.root, "fast", 2)
        looking.changed([str(path)])
        stale = Stale("extension", "fast", 1, str(path))
        assert told.get(timeout=30) == StaleReport((), {"op": (stale,)}), outcome
    finally:
        looking.close()
        hosting.close()
        sys.modules.pop("fast", None)


def test_native_code_that_was_built_again_before_anybody_looked_is_known_by_what_was_loaded(tmp_path: Path) -> None:
    """A build in the same second as the load is told, and put back it is what it was, whatever its times say."""
    ops = Ops(tmp_path)
    first = build(tmp_path / "built", "fast", 1)
    shutil.copy(first, ops.root / "fast.so")
    ops.write(m="import fast\ndef work(): pass\n")
    told: queue.SimpleQueue[StaleReport] = queue.SimpleQueue()
    outcomes: queue.SimpleQueue[LoadOutcome] = queue.SimpleQueue()
    hosting = Hosting(SystemClock(), also=(), ignore=())
    looking = hosting.slow_look(told.put, pause=0.05)
    try:
        hosting.host("op", (str(ops.root),))
        hosting.start(LoadJob(1, "op", "m:work", (), {}, LoadKind.STAGE), outcomes.put)
        outcomes.get(timeout=30)
        hosting.promote("op", 1)
        path = build(ops.root, "fast", 2)
        looking.start()
        assert told.get(timeout=30) == StaleReport((), {"op": (Stale("extension", "fast", 1, str(path)),)})
        shutil.copy(first, path)
        os.utime(path, (1, 1))
        assert told.get(timeout=30) == StaleReport()
    finally:
        looking.close()
        hosting.close()
        sys.modules.pop("fast", None)


def test_at_first_everything_is_read_without_delay(tmp_path: Path) -> None:
    """What changes before it was read cannot be told from what it was; afterwards a look takes next to nothing."""
    names = [f"many{number}_xyz" for number in range(3 * MOST)]
    for name in names:
        file = tmp_path / f"{name}.py"
        file.write_text("1\n")
        sys.modules[name] = module = ModuleType(name)
        module.__file__ = str(file)
    sticky = Sticky()
    looking = SlowLook(sticky, dict, lambda _: None, SystemClock(), pause=2)
    looking.start()
    try:
        eventually(lambda: sticky.holds(str(file)) and not sticky.fresh, within=20)
    finally:
        looking.close()
        for name in names:
            del sys.modules[name]
