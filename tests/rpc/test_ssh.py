"""A daemon on another machine: a real sshd, the user's own ssh, ``hotctl proxy`` on the far side."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotctl import connect
from hotctl.transport.ssh import ssh_command
from hotd.contract.address import SshAddress, parse_address
from hotd.contract.errors import HotdError, NotPermitted, Unreachable
from tests.support import sshd as support
from tests.support.daemons import Running, environment, folder_for_sockets, hotctl
from tests.support.eventually import eventually
from tests.support.sshd import Sshd


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    support.needed()
    with folder_for_sockets() as folder, support.sshd(folder) as running:
        yield running


@pytest.fixture
def through(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """For calls from this process: its ``ssh`` is the test's."""
    for name, value in sshd.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOTCTL_REMOTE", raising=False)
    return sshd


def refused(address: str, kind: type[HotdError] = Unreachable) -> HotdError:
    with connect(address, timeout=30) as daemon, pytest.raises(kind) as caught:
        daemon.hello()
    return caught.value


def argv(address: str, remote: str = "hotctl", *, asks: bool = False) -> tuple[str, ...]:
    parsed = parse_address(address)
    assert isinstance(parsed, SshAddress)
    return ssh_command(parsed, remote, asks=asks)


def test_hotctl_speaks_to_a_daemon_on_another_machine(sshd: Sshd, one_daemon: Running) -> None:
    """``hotctl --host ssh://user@host/socket status``, and the same with $HOTCTL_HOST."""
    url = f"{sshd.url}{one_daemon.socket}"
    ran = hotctl("--host", url, "status", "--json", env=sshd.env)

    assert ran.status == 0, ran.err
    assert ran.json["daemon"]["pid"] == one_daemon.process.pid
    assert ran.err == ""
    reload = hotctl("reload", "long_op", env={**sshd.env, "HOTCTL_HOST": url})
    assert (reload.status, reload.err) == (0, "")
    assert one_daemon.hotctl("history", "--json").json[0]["actor"] == sshd.user


def test_a_program_speaks_over_one_ssh_for_all_its_calls(through: Sshd, one_daemon: Running) -> None:
    """``hotctl.connect("ssh://…")``"""
    before = through.log.count("Accepted publickey")
    with connect(f"{through.url}{one_daemon.socket}", timeout=30) as daemon:
        assert daemon.hello().pid == one_daemon.process.pid
        assert [module.name for module in daemon.modules().modules] == ["long_op"]

    assert through.log.count("Accepted publickey") == before + 1


def test_nothing_is_left_on_either_side(through: Sshd, one_daemon: Running) -> None:
    """Neither an ssh here nor a proxy there, also where hotctl itself is killed."""
    script = "import sys; from hotctl import connect; d = connect(sys.argv[1]); d.hello(); print('.'); sys.stdin.read()"
    holding = subprocess.Popen(
        [sys.executable, "-c", script, f"{through.url}{one_daemon.socket}"],
        env={**environment(), **through.env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert holding.stdin is not None and holding.stdout is not None
    holding.stdout.readline()
    proxies = eventually(lambda: _proxies(one_daemon.socket), what="a proxy to run")
    holding.send_signal(signal.SIGKILL)
    holding.wait()
    holding.stdin.close()
    holding.stdout.close()

    eventually(lambda: not _proxies(one_daemon.socket), what=f"{proxies} to end")


def test_the_users_config_holds(sshd: Sshd, one_daemon: Running) -> None:
    """A host's alias, its port and user, a RemoteCommand for logins, and a master that is shared by many commands."""
    sshd.configure(
        f"Host Web1\nHostName 127.0.0.1\nPort {sshd.port}\nUser {sshd.user}\nRemoteCommand echo welcome\n"
        f"RequestTTY force\nControlMaster auto\nControlPath {sshd.folder}/master\nControlPersist 60\n\n"
    )
    before = sshd.log.count("Accepted publickey")
    try:
        for _ in range(2):
            ran = hotctl("--host", f"ssh://Web1{one_daemon.socket}", "version", env=sshd.env)
            assert (ran.status, ran.err) == (0, "")
        assert sshd.log.count("Accepted publickey") == before + 1
    finally:
        subprocess.run(["ssh", "-q", "-O", "exit", "Web1"], env={**environment(), **sshd.env}, check=False)


def test_the_socket_may_be_called_anything(through: Sshd, one_daemon: Running) -> None:
    """It is quoted for the shell of the far side."""
    odd = one_daemon.folder / "a b; $(touch owned) 'c'"
    odd.symlink_to(one_daemon.socket)

    with connect(f"{through.url}{str(odd).replace(' ', '%20')}", timeout=30) as daemon:
        assert daemon.hello().pid == one_daemon.process.pid
    assert not Path("owned").exists() and not (Path.home() / "owned").exists()


# --- why not ----------------------------------------------------------------------------------------------------------


def test_no_daemon_over_there(through: Sshd) -> None:
    """What the proxy says, where to say where the socket is."""
    error = refused(f"{through.url}/nowhere/s")

    assert error.message == f"{through.url}/nowhere/s: no daemon at /nowhere/s: there is no socket there"
    assert "ssh://HOST/path/of/socket" in (error.hint or "")


def test_no_way_to_the_socket_over_there(through: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 77, as here. (This login may use every socket, so somebody else's words are said.)"""
    script = through.folder / "stranger"
    script.write_text("#!/bin/sh\necho 'hotctl: uid 7 may not use the socket /s' >&2\nexit 77\n", "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("HOTCTL_REMOTE", str(script))

    assert "uid 7 may not use the socket" in refused(through.url, NotPermitted).message


def test_no_hotctl_over_there(through: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The PATH of a shell without login is short: how to say where it is."""
    monkeypatch.setenv("HOTCTL_REMOTE", "/opt/none/hotctl")
    error = refused(through.url)

    assert "no hotctl is found there" in error.message and "/opt/none/hotctl" in error.message
    assert "HOTCTL_REMOTE=/opt/hotd/bin/hotctl" in (error.hint or "")


def test_a_hotctl_over_there_that_is_not_on_the_path(
    through: Sshd, one_daemon: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``HOTCTL_REMOTE='sudo -u hotd /opt/hotd/bin/hotctl'``"""
    monkeypatch.setenv("HOTCTL_REMOTE", f"env A=1 {sys.executable} -m hotctl")

    with connect(f"{through.url}{one_daemon.socket}", timeout=30) as daemon:
        assert daemon.hello().pid == one_daemon.process.pid


def test_ssh_itself_fails(through: Sshd) -> None:
    """A host that is not up, a key that is not taken, a host key that is not known: in ssh's own words."""
    nobody = refused(f"ssh://127.0.0.1:{support._free_port()}")
    assert "ssh failed\nssh: connect to host 127.0.0.1" in nobody.message
    assert (nobody.hint or "").startswith("try the same by hand: ssh -p ")

    stranger = refused(f"ssh://nobody-of-that-name@127.0.0.1:{through.port}")
    assert "Permission denied (publickey)" in stranger.message

    (through.folder / "known_hosts").rename(through.folder / "known_hosts.away")
    try:
        assert "Host key verification failed" in refused(through.url).message
    finally:
        (through.folder / "known_hosts.away").rename(through.folder / "known_hosts")


def test_the_command_line_of_ssh() -> None:
    """No address becomes an option of ssh; without a terminal it asks nobody."""
    assert argv("ssh://web1") == (
        "ssh", "-T", "-o", "RemoteCommand=none", "-o", "BatchMode=yes", "--", "web1", "hotctl proxy"
    )  # fmt: skip
    assert argv("ssh://me@[::1]:22/a%20b", "x/hotctl", asks=True) == (
        "ssh", "-T", "-o", "RemoteCommand=none", "-p", "22", "-l", "me", "--", "::1", "x/hotctl proxy --socket '/a b'"
    )  # fmt: skip


def _proxies(socket: Path) -> list[str]:
    """The processes that carry bytes to a socket."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # ended meanwhile
        if "proxy" in words and str(socket) in words and words[0] != "sh":
            found.append(path.parent.name)
    return found
