"""A daemon and its callers from other machines, as an operator sets them up: hotd tls, [control.tls], tls://."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.authority import certificates, strangers
from tests.support.daemons import Ran, Running, config, hotctl, hotd, running
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter


@dataclass(frozen=True, slots=True)
class Remote:
    """A daemon, the folder of its authority, and hotctl on another machine."""

    daemon: Running
    tls: Path

    @property
    def url(self) -> str:
        found = re.search(r"callers with a certificate come in at (127\.0\.0\.1:[0-9]+)", self.daemon.log)
        assert found is not None
        return f"tls://{found[1]}"

    def hotctl(self, *words: str, client: str = "laptop") -> Ran:
        return hotctl("--host", self.url, *words, env={"HOTCTL_TLS": str(self.tls / "clients" / client)})

    def hang_up(self, until: str) -> None:
        before = self.daemon.log.count(until)
        self.daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.daemon.log.count(until) > before, what=f"{until!r} in the log:\n{self.daemon.log}")


def control(tls: Path) -> str:
    return (
        f'admins = ["root", "cert:laptop"]\n[control.tls]\nlisten = "127.0.0.1:0"\nca = "{tls}/ca.pem"\n'
        f'certificate = "{tls}/server/cert.pem"\nkey = "{tls}/server/key.pem"\nrevoked = "{tls}/revoked"\n'
    )


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    tls = tmp_path / "tls"
    certificates().client("tablet")
    shutil.copytree(certificates().folder, tls)
    (tls / "revoked").touch()
    with running({"long_op.py": waiter("one")}, hosted(), control=control(tls), watch="enabled = false") as daemon:
        yield Remote(daemon, tls)


def test_an_operators_day_with_certificates(remote: Remote) -> None:
    """One who changes, one who looks; one is lost and revoked; a bad file at a reload changes nothing."""
    status = remote.hotctl("status", "--json")
    assert status.status == 0, status.err
    assert status.json["daemon"]["pid"] == remote.daemon.process.pid
    remote.daemon.write("long_op.py", waiter("two"))
    assert remote.hotctl("reload", "long_op", "--reason", "from afar").status == 0
    (revision, *_) = remote.hotctl("history", "--json", client="tablet").json
    assert (revision["actor"], revision["cause"]) == ("cert:laptop", "hotctl reload: from afar")
    looks = remote.hotctl("scale", "long_op", "3", client="tablet")
    assert looks.status == 77 and "cert:tablet" in looks.err

    assert hotd("tls", "revoke", "laptop", str(remote.tls)).status == 0
    remote.daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: remote.hotctl("version").status == 77, what="the certificate to be refused")
    lost = remote.hotctl("status")
    assert lost.status == 77 and "the certificate of cert:laptop" in lost.err and "is revoked here" in lost.err
    assert remote.hotctl("status", client="tablet").status == 0

    (remote.tls / "revoked").write_text("nonsense\n", "utf-8")
    remote.hang_up(f"SIGHUP: {remote.tls}/revoked:1: no serial number of a certificate")
    assert remote.hotctl("status").status == 77
    assert remote.hotctl("status", client="tablet").status == 0


def test_certificates_that_are_of_no_use_are_a_bad_configuration(tmp_path: Path) -> None:
    """Exit 78 of ``hotd serve`` and of ``hotd check``, with the files."""
    tls = tmp_path / "tls"
    shutil.copytree(certificates().folder, tls)
    shutil.copy(strangers().folder / "server/key.pem", tls / "server/key.pem")
    (tls / "revoked").touch()
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/long_op.py").write_text(waiter("one"), "utf-8")
    text = config(hosted(), control=control(tls)).replace('socket = "s"', f'socket = "{tmp_path}/s"')
    (tmp_path / "hotd.toml").write_text(text, "utf-8")

    for command in ("serve", "check"):
        ran = hotd(command, "-c", str(tmp_path / "hotd.toml"), cwd=tmp_path)
        assert ran.status == 78
        assert f"{tls}/server/key.pem: does not belong to {tls}/server/cert.pem" in ran.err
