"""A process that does each job in a fork of itself: as fresh as a new process, without its start-up.

It reads batches of jobs, one to a line, and writes one line of results for each.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

PATIENCE = 60
"""Seconds for one job: a deadlock is a failure, not a wait."""


def serve(work: Callable[[Any], Any]) -> None:
    """Do jobs until nobody sends any."""
    for line in sys.stdin:
        jobs = json.loads(line)
        results: list[dict[str, Any]] = []
        most = os.cpu_count() or 1
        for start in range(0, len(jobs), most):
            children = [_Child(work, job) for job in jobs[start : start + most]]
            results += [child.result() for child in children]
        sys.stdout.write(json.dumps(results) + "\n")
        sys.stdout.flush()


class _Child:
    """A fork that does one job."""

    def __init__(self, work: Callable[[Any], Any], job: Any) -> None:
        self._made = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `result`
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as above
        self._id = os.fork()
        if self._id == 0:
            self._live(work, job)

    def _live(self, work: Callable[[Any], Any], job: Any) -> None:
        status = 1
        try:
            os.dup2(self._said.fileno(), 1)
            os.dup2(self._said.fileno(), 2)
            faulthandler.dump_traceback_later(PATIENCE - 5, exit=True)
            signal.alarm(PATIENCE)
            self._made.write(json.dumps(work(job)).encode())
            self._made.flush()
            status = 0
        except BaseException:  # noqa: BLE001 - however it ends, the parent is told
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def result(self) -> dict[str, Any]:
        """What the job made, or None, and what it said."""
        with self._made, self._said:
            _, status = os.waitpid(self._id, 0)
            self._made.seek(0)
            self._said.seek(0)
            made = json.loads(self._made.read()) if status == 0 else None
            return {"made": made, "said": self._said.read().decode(errors="replace")}


class Server:
    """The process, seen from outside."""

    def __init__(self, module: str, root: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def do(self, jobs: list[Any]) -> list[dict[str, Any]]:
        """The results of the jobs."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(jobs) + "\n")
        self._process.stdin.flush()
        results: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return results
