"""What a process costs, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.eventually import eventually

MIB = 1 << 20


def resident(pid: int) -> int:
    """Bytes of memory it holds now."""
    return _line(pid, "VmRSS")


def cpu_seconds(pid: int) -> float:
    """User and system time since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def grows_at_most(pid: int, mib: float) -> Iterator[None]:
    """At no moment of the block does it hold ``mib`` MiB more than before, and in the end it is back at that."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")  # the peak counts from here
    before = resident(pid)
    yield
    peak = (_line(pid, "VmHWM") - before) / MIB
    assert peak <= mib, f"{peak:.1f} MiB more at its peak, at most {mib}"
    eventually(lambda: resident(pid) - before <= mib * MIB, within=10)


def _line(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(text.partition(f"{name}:")[2].split(maxsplit=1)[0]) * 1024
