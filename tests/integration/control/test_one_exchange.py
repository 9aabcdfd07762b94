"""One round trip: a command's whole conversation is one frame there and one frame back, whatever it goes over."""

from __future__ import annotations

import gc
import socket
import statistics
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hotctl import connect
from hotctl.client import Daemon
from hotd.contract.frames import Frames
from hotd.contract.protocol import LONGEST_ANSWER
from hotd.control import Roles
from hotd.control.attendants import MOST_IDLE
from tests.integration.control.fakes import VERSION, Port, open_port
from tests.support.authority import certificates, over_tls
from tests.support.daemons import hotctl
from tests.support.eventually import eventually


class Wire:
    """What went over it: ``>`` a frame to the daemon, ``<`` one back, ``.`` the caller's end."""

    def __init__(self) -> None:
        self.seen = ""
        self._frames = {">": Frames(LONGEST_ANSWER), "<": Frames(LONGEST_ANSWER)}

    def told(self, sign: str, data: bytes) -> None:
        self._frames[sign].feed(data)
        while self._frames[sign].next() is not None:
            self.seen += sign


@contextmanager
def tapped(port: Port, folder: Path, conversations: int = 1) -> Iterator[tuple[str, list[Wire]]]:
    """A socket before the port's, and what was said through it in each connection."""
    path = str(folder / "tap")
    wires: list[Wire] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def carry() -> None:
            for _ in range(conversations):
                caller, _ = listener.accept()
                wires.append(Wire())
                with caller, socket.socket(socket.AF_UNIX) as daemon:
                    daemon.connect(port.path)
                    _carried(caller, daemon, wires[-1])

        thread = threading.Thread(target=carry, name="tap")
        thread.start()
        yield path, wires
        thread.join(20)
        assert not thread.is_alive()


def _carried(caller: socket.socket, daemon: socket.socket, wire: Wire) -> None:
    """Each side in turn, as a conversation of one exchange goes."""
    while data := caller.recv(65536):
        wire.told(">", data)
        daemon.sendall(data)
        answered = len(wire.seen)
        while len(wire.seen) == answered:
            answer = daemon.recv(65536)
            assert answer
            wire.told("<", answer)
            caller.sendall(answer)
    wire.seen += "."


def test_a_call_of_a_program_is_one_exchange(port: Port, tmp_path: Path) -> None:
    """Neither to find the root, nor to ask what it is, nor to say good-bye."""
    with tapped(port, tmp_path) as (path, wires), connect(path) as daemon:
        assert daemon.hello() == VERSION
    assert [wire.seen for wire in wires] == ["><."]


def test_calls_over_a_kept_connection_are_one_exchange_each(port: Port, tmp_path: Path) -> None:
    """The first no more than the others."""
    with tapped(port, tmp_path) as (path, wires), connect(path) as daemon:
        for _ in range(3):
            daemon.hello()
    assert [wire.seen for wire in wires] == ["><><><."]


def test_a_command_is_one_exchange(port: Port, tmp_path: Path) -> None:
    """The process ``hotctl``, in all it does."""
    with tapped(port, tmp_path) as (path, wires):
        assert hotctl("--socket", path, "version", "--json").status == 0
    assert [wire.seen for wire in wires] == ["><."]


def test_a_command_over_tls_takes_milliseconds(tmp_path: Path) -> None:
    """A loose bound for a machine that is busy; `make bench` holds it to 12."""
    papers = certificates().folder / "clients/laptop"
    with open_port(tmp_path, roles=Roles(viewers=["*"]), door=certificates().door()) as port:
        assert port.server.tls_port
        number = port.server.tls_port

        def ask() -> None:
            with over_tls(papers, number) as transport, Daemon(transport) as daemon:
                daemon.hello()

        assert _median(ask, 15) < 0.25


def test_nothing_waits_for_the_other_sides_acknowledgement(tmp_path: Path) -> None:
    """Without TCP_NODELAY on both sides each answer of two writes would take 40 ms more."""
    papers = certificates().folder / "clients/laptop"
    with open_port(tmp_path, roles=Roles(viewers=["*"]), door=certificates().door()) as port:
        assert port.server.tls_port
        with over_tls(papers, port.server.tls_port) as transport, Daemon(transport) as daemon:
            daemon.hello()
            assert transport._connection is not None
            ours = transport._connection._link._sock
            (caller,) = port.server._callers._callers.values()
            for sock in (ours, caller.sock):
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def _median(ask: Callable[[], None], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def test_callers_that_come_and_go_are_served_by_the_same_threads(port: Port) -> None:
    """To make one takes as long as half an answer. Those that are idle end with the port."""

    def ours() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.startswith("hotd-control")}

    def idle() -> bool:
        return {thread.name for thread in ours()} == {"hotd-control"}

    with connect(port.path) as daemon:
        daemon.hello()
    eventually(idle)
    them = ours()
    assert len(them) == 2
    for _ in range(5):
        with connect(port.path) as daemon:
            daemon.hello()
        eventually(idle)

    assert ours() == them
    port.server.close(0.0)
    assert not any(thread.is_alive() for thread in them)


def test_who_is_idle_keeps_nothing_of_whom_it_served(port: Port) -> None:
    """A caller that has gone is not remembered by the thread that waits for the next one."""
    with connect(port.path) as daemon:
        daemon.hello()
        (caller,) = port.server._callers._callers.values()
    gone = weakref.ref(caller)
    del caller

    eventually(lambda: gc.collect() >= 0 and gone() is None)


def test_no_more_threads_are_kept_than_a_few(port: Port) -> None:
    """A crowd that has gone costs nothing."""
    crowd = [connect(port.path) for _ in range(MOST_IDLE + 5)]
    for daemon in crowd:
        daemon.hello()
    for daemon in crowd:
        daemon.close()

    def kept() -> bool:
        return sum(thread.name.startswith("hotd-control") for thread in threading.enumerate()) == MOST_IDLE

    eventually(lambda: kept() and len(port.server._callers) == 0)
