"""What a question to the control port takes, on the Unix socket and over TLS. Not collected by itself: `make bench`."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hotctl.transport.unix import UnixTransport
from hotd import __version__
from hotd.contract.frames import Frames
from hotd.contract.protocol import LONGEST_ANSWER, request_text
from hotd.contract.requests import Status
from tests.bench.conftest import Tell
from tests.support.authority import certificates, over_tls
from tests.support.daemons import Running, running
from tests.support.frames import question
from tests.support.ops import hosted, waiter

ELEVEN = "".join(hosted(f"m{n}", f"m{n}:work") for n in range(11))
BUSY = "def work():\n    while True:\n        sum(range(1000))\n"
ASKED = request_text(Status(), version=__version__)


@pytest.fixture(scope="module")
def eleven() -> Iterator[Running]:
    """Eleven modules, and a door for callers with certificates."""
    door = certificates().door()
    control = (
        f'viewers = ["*"]\n[control.tls]\nlisten = "127.0.0.1:0"\nca = "{door.ca}"\n'
        f'certificate = "{door.certificate}"\nkey = "{door.key}"\n'
    )
    with running({f"m{n}.py": waiter("one") for n in range(11)}, ELEVEN, control=control) as daemon:
        yield daemon


def cold(path: Path) -> None:
    """Connect, ask, close."""
    transport = UnixTransport(str(path), 30)
    transport.call("status", ASKED, deadline=time.monotonic() + 30)
    transport.close()


def median(ask: Callable[[], None], times: int) -> float:
    """Milliseconds."""
    for _ in range(times // 10 + 1):
        ask()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def test_status_from_a_cold_connection(eleven: Running, holds: Tell) -> None:
    """A command's whole conversation, on a machine that has nothing else to do."""
    figure = median(lambda: cold(eleven.socket), 500)
    kept = UnixTransport(str(eleven.socket), 30)
    again = median(lambda: _ask(kept), 500)
    kept.close()
    holds("status of 11 modules, connect to close, ms", figure, 0.5, f"over a kept connection {again:.2f} ms")


def test_a_command_over_tls(eleven: Running, holds: Tell) -> None:
    """Handshake, call, close."""
    port = int(eleven.log.partition("come in at 127.0.0.1:")[2].split()[0])
    papers = certificates().folder / "clients/laptop"

    def ask() -> None:
        with over_tls(papers, port) as transport:
            transport.call("status", ASKED, deadline=time.monotonic() + 30)

    holds("status over TLS, connect to close, ms", median(ask, 100), 12, "mutual, certificates read each time")


def test_status_beside_eight_busy_instances(holds: Tell) -> None:
    """Each wants all of the interpreter, all the time."""
    with running({"long_op.py": BUSY}, hosted(replicas=8), daemon='drain_deadline = "0s"') as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 8)
        holds("status beside 8 busy instances, ms", median(lambda: cold(daemon.socket), 50), 20, "connect to close")


def test_two_thousand_calls_a_second(eleven: Running, holds: Tell) -> None:
    """Twenty programs that ask all the time, over connections they keep; and every save is loaded meanwhile."""
    connections = [_connected(eleven.socket) for _ in range(20)]
    frame = question("status", ASKED)
    saves, answers, began = 0, 0, time.perf_counter()
    while (lasted := time.perf_counter() - began) < 5.0:
        if lasted > saves:
            saves += 1
            eleven.write("m0.py", waiter(f"save {saves}"))
        for sock, _ in connections:
            sock.sendall(frame)
        for sock, frames in connections:
            _read(sock, frames)
        answers += len(connections)
    for sock, _ in connections:
        sock.close()
    eleven.until(lambda m: m["generation"] == saves + 1, "m0", within=30)
    rate = answers / lasted
    holds("2,000 status calls a second, over those made", 2000 / rate, 1, f"{rate:.0f}/s, {saves} saves loaded")


def _ask(transport: UnixTransport) -> None:
    transport.call("status", ASKED, deadline=time.monotonic() + 30)


def _connected(path: Path) -> tuple[socket.socket, Frames]:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    return sock, Frames(LONGEST_ANSWER)


def _read(sock: socket.socket, frames: Frames) -> bytes:
    while (frame := frames.next()) is None:
        frames.feed(sock.recv(65536))
    return frame
