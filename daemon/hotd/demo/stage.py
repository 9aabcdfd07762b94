"""The scratch folder and the daemon of the demo; both are gone when it ends, however it ends."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from hotctl.client import Daemon, connect
from hotd.contract.errors import HotdError, Internal, Unreachable
from hotd.demo.story import Stage, article

CONFIG = """\
roots = ["ops"]

[daemon]
state_dir = "state"
drain_deadline = "{drain:g}s"   # the article's LongOp never asks whether it should end

[control]
socket = "control.sock"

[modules.long_op]
entry = "long_op:LongOp"
args = ["{{instance}}"]
replicas = 1
"""

_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def staged(pace: float) -> Iterator[Stage]:
    """A daemon that serves the article's module. Raises Internal with what it printed when it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="hotd-demo-"))
    try:
        (folder / "ops").mkdir()
        (folder / "ops" / "long_op.py").write_text(article("long_op.py", pace), "utf-8")
        (folder / "hotd.toml").write_text(CONFIG.format(drain=pace), "utf-8")
        with _serving(folder) as process, contextlib.ExitStack() as stack:
            yield Stage(folder, stack.enter_context(_connected(folder, process)), pace)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hotd", "serve", "-c", str(folder / "hotd.toml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is meant for the demo, which then ends the daemon in order; and should the demo itself be
            # killed, the kernel ends the daemon.
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no other thread runs yet
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _connected(folder: Path, process: subprocess.Popen[bytes]) -> Daemon:
    pause = threading.Event()
    for _ in range(200):
        if process.poll() is not None:
            break
        daemon = connect(str(folder / "control.sock"))
        try:
            daemon.hello()
        except Unreachable:
            daemon.close()
            pause.wait(0.05)
        except HotdError:
            daemon.close()
            raise
        else:
            return daemon
    said = (folder / "daemon.log").read_text("utf-8", "replace").strip()
    raise Internal(f"the demo's daemon did not come up; it said:\n{said or '(nothing)'}")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
