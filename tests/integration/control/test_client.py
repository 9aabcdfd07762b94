"""hotctl before a daemon that is absent, unreachable, slow, strange or hostile: always a sentence, never a hang."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rpyc.core import brine, consts
from rpyc.core.channel import Channel
from rpyc.core.service import VoidService
from rpyc.core.stream import SocketStream

from hotctl import connect
from hotctl.transport import open_transport
from hotctl.transport.dialling import _not_permitted, _way_in
from hotctl.transport.unix import UnixTransport
from hotd.contract.address import UnixAddress
from hotd.contract.errors import BadRequest, NotPermitted, ProtocolMismatch, Unreachable
from hotd.contract.frames import framed
from hotd.contract.protocol import LONGEST_REQUEST, answer_text
from tests.integration.control.fakes import DONE, NOBODY, VERSION, Port, as_nobody, needs_root, open_port


@contextmanager
def fake_daemon(folder: Path, act: Callable[[socket.socket], None], *, reads: bool = True) -> Iterator[str]:
    """A socket behind which ``act`` is done to each caller's connection, once its request arrived and was read."""
    path = str(folder / "d")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def run() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(5)
                try:
                    if reads:
                        sock.recv(65536)
                    act(sock)
                except OSError:
                    continue

    thread = threading.Thread(target=run, name="fake-daemon")
    thread.start()
    try:
        yield path
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def until_gone(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


# --- nobody there -----------------------------------------------------------------------------------------------------


def test_no_socket_is_told_with_the_places_and_the_next_command(tmp_path: Path) -> None:
    """Where was looked, why it failed, what to type."""
    transport = open_transport(
        UnixAddress(str(tmp_path / "no")), timeout=1, env={}, looked_at=("/a/x.sock", "/b/x.sock")
    )

    with pytest.raises(Unreachable, match=r"there is no socket there \(looked at /a/x.sock and /b/x.sock\)") as caught:
        transport.call("hello", "{}", deadline=time.monotonic() + 1)

    assert "hotd serve" in (caught.value.hint or "")
    assert "systemctl start hotd" in (caught.value.hint or "")


def test_a_stale_socket_is_told_as_such(tmp_path: Path) -> None:
    """A daemon that was killed leaves its file."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))

    with connect(str(tmp_path / "s")) as daemon, pytest.raises(Unreachable, match="nobody listens behind the socket"):
        daemon.hello()


def test_a_file_that_is_no_socket_is_told_as_such(tmp_path: Path) -> None:
    """``--socket hotd.toml``"""
    (tmp_path / "s").touch()

    with connect(str(tmp_path / "s")) as daemon, pytest.raises(Unreachable, match="a file, and not a socket"):
        daemon.hello()


def test_the_socket_of_something_else_is_told_as_such(tmp_path: Path) -> None:
    """A datagram socket, as /dev/log is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(tmp_path / "s"))

        with connect(str(tmp_path / "s")) as daemon, pytest.raises(Unreachable, match="something else"):
            daemon.hello()


def test_a_daemon_that_does_not_accept_is_not_waited_for_longer_than_asked(tmp_path: Path) -> None:
    """Its queue of callers is full: alive and very busy, or hung."""
    with socket.socket(socket.AF_UNIX) as hung, socket.socket(socket.AF_UNIX) as before:
        hung.bind(str(tmp_path / "s"))
        hung.listen(0)
        before.connect(str(tmp_path / "s"))

        with connect(str(tmp_path / "s"), timeout=0.1) as daemon, pytest.raises(Unreachable, match="busy, or hung"):
            daemon.hello()


@needs_root
def test_a_socket_of_others_is_not_permitted(public_folder: Path) -> None:
    """Exit 77, not 69: the daemon is there, and the way in is named."""
    with (
        open_port(public_folder, mode=0o660) as port,
        connect(port.path) as daemon,
        pytest.raises(NotPermitted) as caught,
    ):
        as_nobody(daemon.hello)

    message = f"uid {NOBODY} may not use the socket {port.path}: it has mode 0660, owner root, group root"
    assert caught.value.message == message
    assert "usermod -aG root" in (caught.value.hint or "")


def test_what_a_caller_without_access_is_told(tmp_path: Path) -> None:
    """Mode, owner and group of the socket, the caller's uid, and the way in."""
    path = tmp_path / "s"
    path.touch()
    path.chmod(0o660)

    error = _not_permitted(str(path))
    assert f"uid {os.geteuid()} may not use the socket {path}: it has mode 0660, owner" in error.message
    assert "usermod -aG" in (error.hint or "")

    path.chmod(0o600)
    assert "0660" in (_not_permitted(str(path)).hint or "")
    assert "may not look into" in _not_permitted(str(tmp_path / "hidden" / "s")).message


def test_who_has_joined_the_group_since_login_is_told_to_log_in_again() -> None:
    """The most common reason, and ``id USER`` looks as if all were well."""
    assert _way_in(0o660, "hotctl", "ann", since_login=True).startswith("log in again: ann belongs to hotctl by now")


def test_a_host_that_was_taken_for_a_path_is_told_how_a_host_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--host web1`` is a file of that name here, as in every program that takes both."""
    monkeypatch.chdir(tmp_path)

    with connect("web1:22") as daemon, pytest.raises(Unreachable, match="no socket of that name here") as caught:
        daemon.hello()

    assert "another machine is ssh://web1" in (caught.value.hint or "")


def test_a_request_that_no_daemon_takes_is_not_sent(tmp_path: Path) -> None:
    """The sentence says how long it may be."""
    transport = UnixTransport(str(tmp_path / "no"), 1)

    with pytest.raises(BadRequest, match=str(LONGEST_REQUEST)):
        transport.call("hello", "x" * LONGEST_REQUEST, deadline=time.monotonic() + 1)


# --- slow -------------------------------------------------------------------------------------------------------------


@pytest.mark.attack(
    "a hostile daemon: hangs, also after the first byte of an answer, where RPyC's own timeout ends",
    outcome="given up at the deadline: exit 69",
)
@pytest.mark.parametrize("first", [b"", b"\0", struct.pack("!LB", 1000, 0) + b"\2"])
def test_a_daemon_that_hangs_is_given_up_also_in_the_middle_of_an_answer(tmp_path: Path, first: bytes) -> None:
    """RPyC's own timeout ends with the first byte that arrives."""

    def hang(sock: socket.socket) -> None:
        sock.sendall(first)
        until_gone(sock)

    with fake_daemon(tmp_path, hang) as path, connect(path, timeout=0.2) as daemon:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer within"):
            daemon.hello()
        assert time.monotonic() - began < 3


@pytest.mark.attack(
    "a hostile daemon: answers a byte at a time",
    outcome="given up at the deadline: exit 69",
)
def test_a_daemon_that_answers_byte_by_byte_is_given_up_too(tmp_path: Path) -> None:
    """The deadline is for the whole answer, not for each byte."""

    def drip(sock: socket.socket) -> None:
        sock.settimeout(0.05)
        sock.sendall(struct.pack("!LB", 1000, 0))
        for _ in range(100):
            sock.sendall(b"\2")
            try:
                if not sock.recv(1):
                    return
            except TimeoutError:
                continue

    with (
        fake_daemon(tmp_path, drip) as path,
        connect(path, timeout=0.3) as daemon,
        pytest.raises(Unreachable, match="did not answer within"),
    ):
        daemon.hello()


# --- strange and hostile ----------------------------------------------------------------------------------------------


def message(kind: int, body: object, seq: int = 0) -> bytes:
    return framed(bytes((kind,)) + brine.dump((seq, body)))


def bomb() -> bytes:
    data = zlib.compress(b"\0" * 100_000_000)
    return struct.pack("!LB", len(data), 1) + data + b"\n"


HOSTILE = {
    "a request of its own": message(consts.MSG_REQUEST, (consts.HANDLE_GETROOT, (consts.LABEL_VALUE, ()))),
    "a reference": message(consts.MSG_REPLY, (consts.LABEL_REMOTE_REF, ("builtins.str", 1, 1))),
    "a tuple with a reference": message(
        consts.MSG_REPLY, (consts.LABEL_TUPLE, ((consts.LABEL_REMOTE_REF, ("x", 1, 1)),))
    ),
    "a number": message(consts.MSG_REPLY, (consts.LABEL_VALUE, 7)),
    "bytes": message(consts.MSG_REPLY, (consts.LABEL_VALUE, b"{}")),
    "an answer to another question": message(consts.MSG_REPLY, (consts.LABEL_VALUE, "{}"), seq=9),
    "an exception with attributes": message(
        consts.MSG_EXCEPTION, (("builtins", "SystemExit"), ("bye",), (("code", 0),), "tb")
    ),
    "StopIteration": message(consts.MSG_EXCEPTION, consts.EXC_STOP_ITERATION),
    "rpyc 5": framed(brine.dump((consts.MSG_REPLY, 0, (consts.LABEL_VALUE, "{}")))),
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a header of 4 GiB": b"\xff\xff\xff\xff\x00",
    "a zip bomb": bomb(),
    "an empty frame": framed(b""),
    "no brine": framed(b"\x02\xff"),
    "deep tuples": framed(b"\x02" + b"\x10" * 200_000),
}


@pytest.mark.attack(
    "a hostile daemon: requests of its own, references, exceptions with attributes, 4 GiB headers, bombs, deep tuples",
    outcome="hotctl calls, imports, keeps nothing of it: exit 76",
)
@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_what_is_no_answer_of_a_daemon_is_a_protocol_mismatch(tmp_path: Path, what: str) -> None:
    """Nothing it sends is called, imported, instantiated or kept. Exit 76."""
    with (
        fake_daemon(tmp_path, lambda sock: sock.sendall(HOSTILE[what])) as path,
        connect(path, timeout=5) as daemon,
        pytest.raises(ProtocolMismatch, match="is no hotd of this protocol"),
    ):
        daemon.hello()


def test_an_end_without_an_answer_is_told(tmp_path: Path) -> None:
    """And that a change may have happened all the same."""
    with fake_daemon(tmp_path, lambda sock: None) as path, connect(path, timeout=5) as daemon:
        with pytest.raises(Unreachable, match="closed the connection before it answered") as caught:
            daemon.scale("m", 1)
        assert "hotctl history" in (caught.value.hint or "")


def test_another_rpyc_service_is_told_apart_from_a_daemon(tmp_path: Path) -> None:
    """Stock RPyC behind the socket: no hotd, whatever it is."""

    def serve_stock(sock: socket.socket) -> None:
        connection = VoidService()._connect(Channel(SocketStream(sock)), {})
        connection.serve(5)
        connection._cleanup()

    with (
        fake_daemon(tmp_path, serve_stock, reads=False) as path,
        connect(path) as daemon,
        pytest.raises(ProtocolMismatch, match="is no hotd"),
    ):
        daemon.hello()


@pytest.mark.attack(
    "a hostile daemon: a text that is no JSON",
    outcome="refused: the envelope is checked on this side, too",
)
def test_text_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """The envelope is checked on this side, too."""
    answer = message(consts.MSG_REPLY, (consts.LABEL_VALUE, "hello"))
    with (
        fake_daemon(tmp_path, lambda sock: sock.sendall(answer)) as path,
        connect(path) as daemon,
        pytest.raises(ProtocolMismatch, match="the answer is not JSON"),
    ):
        daemon.hello()


# --- the life of a connection -----------------------------------------------------------------------------------------


def test_a_daemon_that_was_restarted_is_connected_again(tmp_path: Path) -> None:
    """A program that holds a Daemon need not know."""
    with open_port(tmp_path) as first:
        daemon = connect(first.path)
        assert daemon.hello() == VERSION
    with open_port(tmp_path):
        assert daemon.hello() == VERSION
    with open_port(tmp_path), daemon:
        assert daemon.scale("m", 1).outcome == "done", "also for a change: nothing was sent on the old connection"


def test_a_question_is_asked_again_where_the_connection_ended_under_it_and_a_change_is_not(tmp_path: Path) -> None:
    """The daemon lets idle callers go, maybe this very moment; what may have happened is not done twice."""
    answer = message(consts.MSG_REPLY, (consts.LABEL_VALUE, answer_text(VERSION, version="0.1.0")))
    served: list[str] = []

    def once(sock: socket.socket) -> None:
        sock.sendall(answer)
        served.append("answered")
        sock.recv(65536)
        served.append("cut")

    with fake_daemon(tmp_path, once) as path, connect(path) as daemon:
        assert daemon.hello() == VERSION
        assert daemon.hello() == VERSION
        assert served == ["answered", "cut", "answered"]

        with pytest.raises(Unreachable):
            daemon.scale("m", 1)


def test_a_change_that_a_daemon_did_not_take_is_asked_of_the_next_one(tmp_path: Path) -> None:
    """A daemon that ends takes nothing more and says so; behind a socket that systemd keeps, another one comes."""
    said: list[bytes] = []
    hushed = threading.Event()

    def two_daemons() -> None:
        with listener.accept()[0] as first:
            said.append(first.recv(65536))
            first.sendall(message(consts.MSG_REPLY, (consts.LABEL_VALUE, answer_text(VERSION, version="0.1.0"))))
            first.shutdown(socket.SHUT_RD)
            hushed.set()
            with listener.accept()[0] as second:
                said.append(second.recv(65536))
                second.sendall(message(consts.MSG_REPLY, (consts.LABEL_VALUE, answer_text(DONE, version="0.1.0"))))

    with socket.socket(socket.AF_UNIX) as listener, connect(str(tmp_path / "s")) as daemon:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.settimeout(5)
        thread = threading.Thread(target=two_daemons)
        thread.start()
        assert daemon.hello() == VERSION
        assert hushed.wait(5)

        assert daemon.scale("m", 1).outcome == "done"

        thread.join(5)
    assert [b"scale" in one for one in said] == [False, True]


@pytest.mark.attack(
    "a late answer, to be taken for that to the next question",
    outcome="each question gets its own or none",
)
def test_after_a_deadline_the_late_answer_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    """Each question gets its own answer or none."""
    slow = threading.Event()

    def answer(verb: object, request: object) -> object:
        if not slow.is_set():
            slow.set()
            assert release.wait(5)
        return VERSION

    release = threading.Event()
    with open_port(tmp_path, answer) as port, connect(port.path, timeout=0.2) as daemon:
        with pytest.raises(Unreachable):
            daemon.hello()
        release.set()

        assert daemon.hello() == VERSION


def test_closing_twice_and_calling_after_it_is_fine(port: Port) -> None:
    """A closed Daemon connects anew."""
    daemon = connect(port.path)
    daemon.hello()
    daemon.close()
    daemon.close()
    with daemon:
        assert daemon.hello() == VERSION
