"""A real sshd on 127.0.0.1, with keys made for one test, and an ``ssh`` that trusts it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.eventually import eventually

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
HERE = Path(sys.executable).parent
"""Where the ``hotctl`` under test is."""


def needed() -> None:
    """Skip where there is no sshd; where everything must have been run (CI), that is a failure."""
    if SSHD is None or shutil.which("ssh") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("needs sshd: apt-get install openssh-server")


@dataclass(frozen=True, slots=True)
class Sshd:
    folder: Path
    port: int
    user: str

    @property
    def env(self) -> dict[str, str]:
        """For who connects: an ``ssh`` that reads this test's config instead of the user's."""
        return {"PATH": f"{self.folder}:{os.environ['PATH']}"}

    @property
    def url(self) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text("utf-8", "replace")

    def configure(self, text: str) -> None:
        """More of the user's ssh config; the first word on a setting holds."""
        config = self.folder / "ssh_config"
        config.write_text(text + config.read_text("utf-8"), "utf-8")


@contextmanager
def sshd(folder: Path, *, path: str = str(HERE)) -> Iterator[Sshd]:
    """``path`` is where commands are found by who logs in."""
    assert SSHD is not None
    for name in ("host", "login"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "login.pub", folder / "authorized_keys")
    port = _free_port()
    user = pwd.getpwuid(os.getuid()).pw_name
    host_key = " ".join((folder / "host.pub").read_text("utf-8").split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n", "utf-8")
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"PermitRootLogin prohibit-password\nPrintMotd no\nSetEnv PATH={path}:/usr/bin:/bin\n",
        "utf-8",
    )
    (folder / "ssh_config").write_text(
        f"Host *\nIdentityFile {folder}/login\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known_hosts\n"
        "GlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n",
        "utf-8",
    )
    wrapper = folder / "ssh"
    # ssh looks for the user's config in the home of the user database, whatever $HOME says.
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n', "utf-8")
    wrapper.chmod(0o755)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # systemd makes it where sshd is a service
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    found = Sshd(folder, port, user)
    try:
        eventually(lambda: "Server listening" in found.log or process.poll() is not None, what="sshd to listen")
        assert process.poll() is None, found.log
        yield found
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
