"""Clients and servers of other versions of RPyC: 6.0.x is understood, older ones are told so.

What they send was recorded from the real ones (4.1.5, 5.3.1, 6.0.0 and 6.0.1 on CPython 3.11), each against the other.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from rpyc.core import brine, consts

from hotctl import connect
from hotd.contract.errors import ProtocolMismatch
from hotd.contract.frames import Frames, framed
from hotd.control import older
from tests.integration.control.fakes import Port
from tests.integration.control.test_client import fake_daemon

# ``unix_connect(path).root``
FIRST_OF_6 = b"\x00\x00\x00\x08\x00\x01\x11P\x11S\x11Q\x02\n"
FIRST_OF_5_AND_4 = b"\x00\x00\x00\x08\x00\x12QP\x11S\x11Q\x02\n"
# What a server of 5.3.1 says to a request of hotctl's, before it closes.
FAREWELL_OF_5 = b"\x00\x00\x00\x08\x00\x12QP\x11R\x11Q\x02\n"


def said(port: Port, data: bytes) -> list[bytes]:
    """The frames that come back until the connection ends, or one has come where it does not."""
    frames = Frames(1 << 20)
    found = []
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(port.path)
        sock.sendall(data)
        while arrived := sock.recv(65536):
            frames.feed(arrived)
            while (frame := frames.next()) is not None:
                found.append(frame)
            if found and found[-1][0] == consts.MSG_REPLY:
                break
    return found


def test_a_client_of_5_or_4_gets_an_exception_that_names_both_versions(port: Port) -> None:
    """In the form that it understands: it is raised where the root was asked for, instead of a mere end of file."""
    (frame,) = said(port, FIRST_OF_5_AND_4)

    kind, seq, (name, (sentence,), attributes, traceback) = brine.load(frame)
    assert (kind, seq) == (consts.MSG_EXCEPTION, 0)
    assert (name, attributes, traceback) == (("builtins", "ConnectionError"), (), "")
    assert "RPyC 4 or 5" in sentence and "RPyC 6 (it has 6." in sentence and "rpyc>=6,<7" in sentence
    assert "speaks RPyC 4 or 5" in port.log.of("control.cut")[0]["text"]


def test_a_client_of_6_0_0_is_answered(port: Port) -> None:
    """All of 6 speak alike."""
    (frame,) = said(port, FIRST_OF_6)

    assert frame[0] == consts.MSG_REPLY


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01\x11P", b"\x12QP", b"\x12Q" + b"\xff" * 20, b"\x12RP\x11S\x11Q\x02", brine.dump((1, 2, "x" * 99))],
)
def test_garbage_is_no_old_client(data: bytes) -> None:
    """It is cut like any other."""
    assert older.refusal(data) is None


def test_hotctl_says_of_a_server_of_5_which_it_is(tmp_path: Path) -> None:
    """Exit 76, with both versions."""
    with (
        fake_daemon(tmp_path, lambda sock: sock.sendall(FAREWELL_OF_5)) as path,
        connect(path) as daemon,
        pytest.raises(ProtocolMismatch, match=r"it speaks RPyC 4 or 5, hotctl speaks RPyC 6 \(it has 6\."),
    ):
        daemon.hello()


def test_no_message_of_today_reads_like_one_of_yesterday() -> None:
    """What is refused so can be nothing else."""
    for kind in (consts.MSG_REQUEST, consts.MSG_REPLY, consts.MSG_EXCEPTION):
        assert older.refusal(bytes((kind,)) + brine.dump((1, (consts.HANDLE_GETROOT, ())))) is None
    assert framed(brine.dump((consts.MSG_REQUEST, 0, (3, (1, ()))))) == FIRST_OF_5_AND_4
