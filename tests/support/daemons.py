"""A real daemon process and a real hotctl process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotctl import connect
from hotd.contract import codec
from hotd.contract.requests import Request, Status
from tests.support.eventually import eventually


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Running:
    """A daemon under test: its folder, its process, and hotctl against it."""

    folder: Path
    process: subprocess.Popen[bytes]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def log(self) -> str:
        return (self.folder / "daemon.log").read_text("utf-8", "replace")

    @property
    def output(self) -> str:
        return (self.folder / "daemon.out").read_text("utf-8", "replace")

    def write(self, name: str, text: str) -> Path:
        """Save a source as an editor does, in place."""
        path = self.folder / "ops" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def hotctl(self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> Ran:
        return hotctl("--socket", str(self.socket), *args, env={**self.env, **(env or {})}, timeout=timeout)

    def ask(self, request: Request) -> Any:
        """What ``hotctl --json`` would print, and no process for it. Raises HotdError."""
        with connect(str(self.socket), timeout=60) as caller:
            return codec.encode(caller.ask(request))

    def status(self) -> Any:
        return self.ask(Status())

    def module(self, name: str = "long_op") -> Any:
        (module,) = (m for m in self.status()["modules"] if m["name"] == name)
        return module

    def until(self, holds: Any, name: str = "long_op", within: float = 60.0) -> Any:
        """The module's view as soon as ``holds`` is true of it."""
        seen: list[Any] = []

        def look() -> bool:
            seen[:] = [self.module(name)]
            return bool(holds(seen[0]))

        eventually(look, within=within, what=f"{name}; the daemon logged:\n{self.log[-2000:]}")
        return seen[0]

    def stop(self, number: int = signal.SIGTERM, timeout: float = 30) -> int:
        """Signal it and wait for its end; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)


def environment() -> dict[str, str]:
    """Nothing of the caller's hotd may leak into a test."""
    dropped = ("HOTCTL_", "NO_COLOR", "FORCE_COLOR", "NOTIFY_SOCKET", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "JOURNAL")
    env = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return {**env, "PYTHONUNBUFFERED": "1", "TERM": "xterm"}


def hotctl(*args: str, env: Mapping[str, str] | None = None, timeout: float = 60, stdin: str = "") -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "hotctl", *args],
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=timeout,
        env={**environment(), **(env or {})},
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def hotd(*args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 60) -> Ran:
    """A hotd command that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "hotd", *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=timeout,
        cwd=cwd,
        env={**environment(), **(env or {})},
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def folder_for_sockets() -> Iterator[Path]:
    """A short path: a socket's may have 107 bytes, and pytest's own folders are long."""
    with tempfile.TemporaryDirectory(prefix="hotd-") as name:
        yield Path(name).resolve()


def config(modules: str, *, daemon: str = 'drain_deadline = "1s"', control: str = "", watch: str = "") -> str:
    return (
        f'roots = ["ops"]\n[daemon]\nstate_dir = "state"\n{daemon}\n[control]\nsocket = "s"\n{control}\n'
        f"[watch]\n{watch}\n{modules}\n"
    )


@contextlib.contextmanager
def running(
    sources: Mapping[str, str],
    modules: str,
    *,
    wait: bool = True,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, Path] | None = None,
    **sections: str,
) -> Iterator[Running]:
    """A daemon that serves; killed at the end if the test did not stop it. ``files`` are copied beside the sources."""
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        for name, text in sources.items():
            path = folder / "ops" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        for name, file in (files or {}).items():
            shutil.copy(file, folder / "ops" / name)
        (folder / "hotd.toml").write_text(config(modules, **sections), "utf-8")
        with serving(folder, wait=wait, env=env) as daemon:
            yield daemon


@contextlib.contextmanager
def serving(folder: Path, *, wait: bool = True, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A daemon over a folder that is ready for one; killed at the end if the test did not stop it."""
    daemon = launch(folder, env=env)
    try:
        if wait:
            ready(daemon)
        yield daemon
    finally:
        with contextlib.suppress(ProcessLookupError):
            daemon.process.kill()
        daemon.process.wait()


def launch(folder: Path, *args: str, env: Mapping[str, str] | None = None) -> Running:
    """``hotd serve`` in the background; its log goes to ``daemon.log``, what instances print to ``daemon.out``."""
    with (folder / "daemon.log").open("ab") as log, (folder / "daemon.out").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hotd", "serve", "--verbose", *(args or ("-c", str(folder / "hotd.toml")))],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            cwd=folder,
            env={**environment(), **(env or {})},
        )
    return Running(folder, process)


def ready(daemon: Running, within: float = 90) -> None:
    """Until it answers and its first loads are over."""

    def serves() -> bool:
        assert daemon.process.poll() is None, f"the daemon ended with {daemon.process.returncode}:\n{daemon.log}"
        return "serving at" in daemon.log

    eventually(serves, within=within, what=f"the daemon of {daemon.folder} to serve")
