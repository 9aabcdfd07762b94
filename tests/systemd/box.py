"""A real systemd in throw-away namespaces (``sdbox``), and hotd installed in it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

REPO = Path(__file__).parents[2]
PYTHON = Path("/usr/bin/python3")
"""The interpreter inside: one under a home folder of mode 0700 is out of reach for a dynamic user."""

_SDBOX = Path(__file__).with_name("sdbox")


def why_not() -> str | None:
    """The reason why no box can be booted here, None where it can."""
    if os.geteuid() != 0:
        return "a box needs root"
    if not Path("/lib/systemd/systemd").exists():
        return "no systemd is installed"
    if " - cgroup2 " not in Path("/proc/self/mountinfo").read_text():
        return "no cgroup2 is mounted"
    if not re.search(r"\boverlay$", Path("/proc/filesystems").read_text(), re.MULTILINE):
        return "the kernel has no overlayfs"
    for tool in ("unshare", "nsenter", "setpriv", "systemd-sysusers"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    probe: list[str | Path] = [PYTHON, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))"]
    if not PYTHON.exists() or subprocess.run(probe, check=False, capture_output=True).returncode != 0:
        return f"{PYTHON} is not a Python >= 3.11 with venv"
    return None


class Box:
    """One box. Whoever makes it stops it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def start(self, units: Path, binds: Mapping[Path, str]) -> None:
        """Boot; raises AssertionError with what the box said, and leaves nothing behind then."""
        wanted = [word for host, inside in binds.items() for word in ("-b", f"{host}:{inside}")]
        try:
            # So many seconds a box outlives a run that was killed; the tests of a run come in any order, and late.
            booted = self._sdbox("start", "-u", units, *wanted, env=os.environ | {"SDBOX_TTL": "5400"})
            assert booted.returncode == 0, booted.stderr
        except BaseException:
            self.stop(grace=0)
            raise

    def stop(self, grace: int = 5) -> None:
        """Power off; whatever does not obey within ``grace`` seconds is killed."""
        self._sdbox("stop", str(grace))

    def run(self, *command: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run as root inside, whatever its exit status."""
        return self._sdbox("run", *command, timeout=timeout)

    def must(self, *command: str) -> str:
        """What it printed; AssertionError where it failed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)} -> {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _sdbox(
        self, verb: str, *words: str | Path, timeout: float = 60, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [_SDBOX, verb, self._name, *words]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=timeout, env=env, stdin=subprocess.DEVNULL
        )


class Service:
    """hotd.service inside a box, its folder /etc/hotd, and what the journal has of it since ``begin``."""

    def __init__(self, box: Box, etc: Path) -> None:
        self.box = box
        self.etc = etc
        self._since = "@0"

    def begin(self) -> None:
        """As on the first day: stopped, no state, no op, no configuration, no past."""
        self.end()
        self.box.must("rm", "-rf", "/var/lib/private/hotd", "/var/cache/private/hotd")
        for left in self.etc.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        (self.etc / "ops").mkdir(mode=0o755)
        # Not a cursor: journalctl 252 skips the first entry of the *filtered* journal after it, whichever that is.
        self._since = f"@{time.time():.6f}"

    def end(self) -> None:
        """Stop it, at once."""
        self.box.run("systemctl", "kill", "--signal=KILL", "hotd")
        self.box.run("systemctl", "stop", "hotd.socket", "hotd")
        self.box.run("systemctl", "reset-failed", "hotd.socket", "hotd")

    def configure(self, text: str) -> None:
        (self.etc / "hotd.toml").write_text(text)

    def write_op(self, source: str) -> None:
        """Put long_op.py in place as editors do: aside, then renamed."""
        aside = self.etc / "ops" / ".long_op.py.new"
        aside.write_text(source)
        aside.rename(self.etc / "ops" / "long_op.py")

    def systemctl(self, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.box.run("systemctl", verb, *options, "hotd")

    def start(self) -> None:
        done = self.systemctl("start")
        assert done.returncode == 0, done.stderr + self.journal()

    def show(self, *properties: str) -> dict[str, str]:
        """Properties of the unit; those it does not have are empty."""
        printed = self.box.must("systemctl", "show", "hotd", *(f"--property={name}" for name in properties))
        found = dict(line.partition("=")[::2] for line in printed.splitlines())
        return {name: found.get(name, "") for name in properties}

    def status(self) -> Any:
        """``hotctl status --json``, as root."""
        return json.loads(self.box.must("hotctl", "status", "--json"))

    def module(self) -> Any:
        """What status says of long_op."""
        (module,) = self.status()["modules"]
        return module

    def journal(self, *options: str) -> str:
        """What the journal has of the unit since ``begin``."""
        self.box.must("journalctl", "--sync")
        return self.box.must("journalctl", "-q", "-uhotd", "-ocat", f"--since={self._since}", *options)


def install(into: Path) -> None:
    """An environment of its own with hotd from this checkout, without a network: what it requires is copied over.

    From the environment the tests run in, so that the same versions are tested. All of it is plain Python.
    """
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", into], check=True)
    (site,) = into.glob("lib/python3*/site-packages")
    for source in ("daemon/hotd", "ctl/hotctl"):
        shutil.copytree(REPO / source, site / Path(source).name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _required_by("hotd"):
        for file in importlib.metadata.files(name) or ():
            # No .pth: the editable one would lead the box back to this checkout. No ..: the scripts.
            source_file = Path(str(file.locate()))
            if file.suffix in (".pth", ".pyc") or ".." in file.parts or not source_file.is_file():
                continue
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source_file, target)
    for script in ("hotd", "hotctl"):
        path = into / "bin" / script
        path.write_text(f"#!/opt/hotd/bin/python3\nimport sys\nfrom {script}.__main__ import main\nsys.exit(main())\n")
        path.chmod(0o755)
    # The service cannot write there: without this every start would compile everything again.
    warm = [site / name for name in ("hotd", "hotctl", "rpyc", "plumbum", "watchdog")]
    subprocess.run([PYTHON, "-m", "compileall", "-q", *warm], check=True)


def _required_by(name: str) -> Iterator[str]:
    """A distribution and all it needs, without extras."""
    pending, seen = [name], set[str]()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        yield current
        for line in importlib.metadata.requires(current) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pending.append(requirement.name)
