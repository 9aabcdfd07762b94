"""A watcher in a process of its own, where the kernel allows less, or the user may read less."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually

SCRIPT = """
import json, os, sys, threading, time
from pathlib import Path
from hotd.contract.errors import CannotWatch
from hotd.core.values import Instant
from hotd.watching import FileWatcher

class MachineClock:
    def now(self):
        return Instant(time.monotonic(), time.time())

if "nobody" in sys.argv:
    os.setuid(65534)
resting = threading.Event()

def compute():
    while not resting.is_set():
        sum(range(1000))

busy = [threading.Thread(target=compute) for _ in range(4 * ("busy" in sys.argv))]
for thread in busy:
    thread.start()
if busy:
    sys.setswitchinterval(0.0005)  # as the daemon does

def say(**what):
    print(json.dumps(what), flush=True)

def troubles(those):
    say(troubles=[[one.reason, one.message] for one in those])

backend = "polling" if "polling" in sys.argv else "auto"
watcher = FileWatcher([Path(sys.argv[1])], sink=lambda batch: say(batch=sorted(batch.paths)), settle=0.05,
                      settle_max=1.0, backend=backend, interval=0.1, ignore=[], also=[], clock=MachineClock(),
                      troubles=troubles)
try:
    watcher.start()
except CannotWatch as error:
    say(refused=[error.message, error.hint], threads=threading.active_count())
    sys.exit()
say(started=dict(watcher.describe()))
for line in sys.stdin:
    exec(line)
    say(**dict(watcher.describe()))
watcher.close()
resting.set()
for thread in busy:
    thread.join()
say(threads=threading.active_count())
"""


@dataclass
class Limited:
    """What it said so far, an object a line."""

    process: subprocess.Popen[str]
    out: Path

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines(keepends=True) if line[-1] == "\n"]

    def of(self, what: str) -> list[Any]:
        """What it said of that, in its order."""
        return [one[what] for one in self.said if what in one]

    @property
    def reasons(self) -> list[str]:
        """Of what keeps changes from being seen now."""
        return [reason for reason, _ in (self.of("troubles") or [[]])[-1]]

    @property
    def told(self) -> set[str]:
        """The names of all files that it told of."""
        return {Path(path).name for batch in self.of("batch") for path in batch}

    def run(self, statement: str) -> dict[str, Any]:
        """Have it executed there; what the watcher says of itself then."""
        before = len(self.of("pending"))
        assert self.process.stdin is not None
        self.process.stdin.write(statement + "\n")
        self.process.stdin.flush()
        eventually(lambda: len(self.of("pending")) > before, what="an answer")
        return next(one for one in reversed(self.said) if "pending" in one)


@contextmanager
def limited(root: Path, out: Path, *words: str, **limits: int) -> Iterator[Limited]:
    """A watcher of the root; ``limits`` are those of a user namespace: a name in /proc/sys/user and a number."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(root), *words]
    if limits:
        shell = "".join(f"echo {number} > /proc/sys/user/{name} || exit 99; " for name, number in limits.items())
        command = ["unshare", "--user", "--map-root-user", "sh", "-c", f'{shell} exec "$@"', "sh", *command]
        tried = subprocess.run([*command[:5], f"{shell} true"], capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.skip(f"no user namespaces here: {tried.stderr.strip()}")
    with out.open("w") as file, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, text=True) as process:
        its = Limited(process, out)
        try:
            eventually(lambda: its.of("started") or its.of("refused") or process.poll(), what="it to start")
            yield its
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
    assert its.of("threads") == [1]
