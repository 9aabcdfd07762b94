"""``hotctl proxy``: bytes from one side to the other, until either ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotctl.transport.relay import relay
from tests.support.daemons import environment, hotctl
from tests.support.terminal import on_a_terminal


class Relayed:
    """The three ends that a test holds of a relay that runs on a thread."""

    def __init__(self, linger: float = 20.0) -> None:
        self.daemon, inner = socket.socketpair()
        source, self.source = os.pipe()
        self.sink, sink = os.pipe()

        def run() -> None:
            relay(inner, source, sink, linger)
            for descriptor in (source, sink):
                os.close(descriptor)
            inner.close()

        self.thread = threading.Thread(target=run, name="relay")
        self.thread.start()

    def let_go(self, *names: str) -> None:
        for name in names:
            end = getattr(self, name)
            if end is not None:
                end.close() if isinstance(end, socket.socket) else os.close(end)
                setattr(self, name, None)


@pytest.fixture
def relayed() -> Iterator[Relayed]:
    it = Relayed()
    yield it
    it.let_go("source", "sink", "daemon")
    it.thread.join(20)
    assert not it.thread.is_alive()


def ended(it: Relayed) -> bool:
    it.thread.join(20)
    return not it.thread.is_alive()


def test_an_end_of_input_is_passed_on_and_the_answer_still_comes(relayed: Relayed) -> None:
    """``printf … | hotctl proxy`` gets its answer."""
    os.write(relayed.source, b"question")
    relayed.let_go("source")
    assert relayed.daemon.recv(100) == b"question"
    assert relayed.daemon.recv(100) == b""

    relayed.daemon.sendall(b"answer")
    assert os.read(relayed.sink, 100) == b"answer"
    assert relayed.thread.is_alive()
    relayed.let_go("daemon")
    assert os.read(relayed.sink, 100) == b""
    assert ended(relayed)


def test_a_daemon_that_stays_silent_is_not_waited_for_where_nobody_asks_any_more() -> None:
    """It is parked in a long call of a hotctl that was killed."""
    it = Relayed(linger=0.05)
    it.let_go("source")

    assert ended(it)
    it.let_go("sink", "daemon")


def test_it_ends_with_the_daemon_whatever_the_input_does(relayed: Relayed) -> None:
    """The last words come first."""
    relayed.daemon.sendall(b"bye")
    relayed.let_go("daemon")

    assert os.read(relayed.sink, 100) == b"bye"
    assert ended(relayed)


def test_it_ends_with_its_reader_whatever_the_daemon_does(relayed: Relayed) -> None:
    """An ssh that was cut leaves no proxy behind, also with nothing to say to it."""
    relayed.let_go("sink")

    assert ended(relayed)


def test_it_ends_when_the_reader_goes_in_the_middle_of_an_answer(relayed: Relayed) -> None:
    """A broken pipe is nobody's error."""
    sender = threading.Thread(target=_flood, args=(relayed.daemon, 1 << 20))
    sender.start()
    os.read(relayed.sink, 10)
    relayed.let_go("sink")

    assert ended(relayed)
    sender.join(20)


def test_much_in_both_directions_at_once_stands_in_nobodys_way(relayed: Relayed) -> None:
    """More than any buffer on the way holds; a reader that comes late loses nothing."""
    size = 3 << 20
    got: list[int] = []
    question = threading.Thread(target=lambda: _write(relayed.source, size))
    answer = threading.Thread(target=_flood, args=(relayed.daemon, size))
    listener = threading.Thread(target=lambda: got.append(_read(relayed.daemon.fileno(), size)))
    for thread in (question, answer, listener):
        thread.start()
    listener.join(30)
    assert got == [size], "the question came, though nobody reads the answer yet"

    assert _read(relayed.sink, size) == size
    for thread in (question, answer):
        thread.join(30)


def _flood(sock: socket.socket, size: int) -> None:
    try:
        sock.sendall(b"a" * size)
    except OSError:
        return


def _write(descriptor: int, size: int) -> None:
    rest = memoryview(b"q" * size)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read(descriptor: int, size: int) -> int:
    got = 0
    while got < size and (chunk := os.read(descriptor, 65536)):
        got += len(chunk)
    return got


# --- the command ------------------------------------------------------------------------------------------------------


@contextmanager
def listening(folder: Path) -> Iterator[tuple[socket.socket, Path]]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        listener.listen()
        yield listener, folder / "s"


def test_it_starts_without_rpyc_rich_and_the_contracts_views(tmp_path: Path) -> None:
    """It is started for every command over ssh: what it does not need it does not import."""
    script = "import json, sys; from hotctl.cli import main; main(sys.argv[1:]); json.dump([*sys.modules], sys.stderr)"
    with listening(tmp_path) as (listener, path):
        process = subprocess.Popen(
            [sys.executable, "-c", script, "proxy", "--socket", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        listener.accept()[0].close()
        _, said = process.communicate(timeout=30)
    modules = json.loads(said)

    assert "hotctl.transport.relay" in modules
    foreign = {"rpyc", "rich", "ssl", "logging", "hotd.contract.views", "hotd.contract.requests", "hotctl.client"}
    assert foreign.isdisjoint(modules)


def test_it_dies_of_signals_as_any_command(tmp_path: Path) -> None:
    """sshd sends SIGHUP."""
    with listening(tmp_path) as (listener, path):
        process = subprocess.Popen(
            [sys.executable, "-m", "hotctl", "proxy", "--socket", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment(),
        )
        with listener.accept()[0]:
            process.send_signal(signal.SIGHUP)
            assert process.wait(30) == -signal.SIGHUP
        process.communicate()


def test_what_is_wrong_is_told_on_standard_error_with_the_status_of_every_command(tmp_path: Path) -> None:
    """Standard output is for the daemon's words only."""
    nobody = hotctl("proxy", "--socket", str(tmp_path / "none"))
    assert (nobody.status, nobody.out) == (69, "")
    assert nobody.err.startswith(f"hotctl: no daemon at {tmp_path}/none: there is no socket there\n")

    elsewhere = hotctl("proxy", env={"HOTCTL_HOST": "ssh://web1"})
    assert (elsewhere.status, elsewhere.out) == (2, "")
    assert "ssh://web1 is on another" in elsewhere.err

    json_too = hotctl("proxy", "--json", "--socket", str(tmp_path / "none"))
    assert json_too.status == 2


def test_somebody_who_types_it_is_told_what_it_is_for() -> None:
    """Bytes on a terminal help nobody."""
    status, seen = on_a_terminal([sys.executable, "-m", "hotctl", "proxy"], environment())

    assert status == 2
    assert "proxy is for another hotctl to speak to, not for a terminal" in seen
