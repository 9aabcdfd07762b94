"""What watching costs while nothing happens, counted: no clock of a busy machine has a say in it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.integration.watching.rig import Rig
from tests.support.eventually import eventually

WINDOW = 2.0
STARTING = 1
"""A thread that had not come to its first sleep when the count began."""


def wakes() -> dict[str, int]:
    """How often each thread of a watcher went to sleep so far."""
    found = {}
    for thread in threading.enumerate():
        if thread.name.startswith("hotd-"):
            status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
            found[thread.name] = int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return found


def during_a_window() -> dict[str, int]:
    """How often each of them woke up."""
    before, began = wakes(), time.monotonic()
    eventually(lambda: time.monotonic() - began > WINDOW)
    return {name: count - before[name] for name, count in wakes().items()}


def test_with_inotify_one_thread_wakes_once_a_second(rig: Rig) -> None:
    """To look at the roots and at what is loaded; all others sleep until the kernel has something to say."""
    for number in range(20):
        rig.write(rig.root / f"p{number}" / "m.py")
    rig.start()

    woke = during_a_window()

    # A look is more than one sleep where it has to wait for another thread.
    assert woke.pop("hotd-watcher") <= 4 * WINDOW
    assert max(woke.values()) <= STARTING


def test_what_nobody_watches_wakes_nobody_but_who_reads_the_kernels_events(rig: Rig) -> None:
    """Droppings and byte code end on watchdog's threads."""
    for name in (".git/x", "pkg/__pycache__/m.pyc", "pkg/m.py"):
        rig.write(rig.root / name)
    rig.start()
    before, began = wakes(), time.monotonic()

    for number in range(200):
        rig.write(rig.root / ".git" / f"{number}.py")
        rig.write(rig.root / "pkg" / "__pycache__" / f"{number}.pyc")
    eventually(lambda: time.monotonic() - began > 1.0)

    woke = {name: count - before[name] for name, count in wakes().items()}
    assert woke.pop("hotd-watcher") <= 4 * (time.monotonic() - began)
    assert max(woke.values()) <= STARTING  # neither folder is watched at all


@pytest.mark.parametrize("files", (1, 400))
def test_polling_wakes_for_its_slices_only(rig: Rig, files: int) -> None:
    """Ten times an interval while there is more than a slice to look at, once an interval in a small tree."""
    for number in range(files):
        rig.write(rig.root / f"p{number // 20}" / f"m{number}.py")
    rig.start(backend="polling", interval=1.0)

    woke = during_a_window()

    assert woke["hotd-poller"] <= (10 if files == 400 else 2) * WINDOW * 2
