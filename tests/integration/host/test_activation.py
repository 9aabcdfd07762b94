"""Sockets that were opened before the process began, as systemd hands them over."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

# Prints what it was handed: name and path of each, whether a child would inherit it, and which variables are left.
SCRIPT = """
import os, sys
from hotd.host.activation import handed_over
found = handed_over(os.environ)
for one in found:
    print(one.name, one.path, os.get_inheritable(one.sock.fileno()))
print(sorted(name for name in os.environ if name.startswith("LISTEN")))
"""


def told(descriptors: list[int], env: Mapping[str, str], pid: int | None = None, *, log: bool = False) -> list[str]:
    """What a process says that begins with these as 3, 4, …; or its log does."""

    def prepare() -> None:
        for place, descriptor in enumerate(copies):
            os.dup2(descriptor, 3 + place)
        os.environ["LISTEN_PID"] = str(os.getpid() if pid is None else pid)
        os.environ.update(env)

    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 50) for descriptor in descriptors]  # none of them is 3, 4, …
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(SCRIPT)],
        check=True,
        capture_output=True,
        text=True,
        pass_fds=range(3, 3 + len(descriptors)),
        preexec_fn=prepare,  # the numbers of descriptors are the protocol
    )
    for copy in copies:
        os.close(copy)
    return (done.stderr if log else done.stdout).splitlines()


@pytest.fixture
def listening(tmp_path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(tmp_path / "s"))
    sock.listen()
    return sock


def test_a_socket_is_taken_with_its_name_and_kept_from_children(listening: socket.socket, tmp_path: Path) -> None:
    """A child would hold it for ever, and read the variables as if they were meant for it."""
    with listening:
        said = told([listening.fileno()], {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "control"})

    assert said == [f"control {tmp_path / 's'} False", "[]"]


def test_several_are_told_apart_by_name_and_others_than_listening_sockets_are_left(
    listening: socket.socket, tmp_path: Path
) -> None:
    """A pipe, a socket that nobody can call, a number without a descriptor."""
    reader, writer = os.pipe()
    with listening, socket.socket(socket.AF_INET) as tcp, socket.socket(socket.AF_UNIX) as deaf:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        descriptors = [reader, tcp.fileno(), deaf.fileno(), listening.fileno()]
        said = told(descriptors, {"LISTEN_FDS": "9", "LISTEN_FDNAMES": "pipe:tls:deaf"})
    os.close(reader)
    os.close(writer)

    assert said == ["tls None False", f"unknown {tmp_path / 's'} False", "[]"]


@pytest.mark.parametrize(
    ("env", "pid"), [({"LISTEN_FDS": "1"}, 1), ({}, None), ({"LISTEN_FDS": "many"}, None), ({"LISTEN_FDS": "-1"}, None)]
)
def test_what_is_not_meant_for_this_process_is_not_taken(
    listening: socket.socket, env: dict[str, str], pid: int | None
) -> None:
    """Variables of a parent, or none, or nonsense: they are cleared, and nothing is touched."""
    with listening:
        assert told([listening.fileno()], env, pid) == ["[]"]


@pytest.mark.parametrize(
    ("env", "pid", "says"),
    [
        ({"LISTEN_FDS": "1"}, 1, "handed to pid 1 and not to this one"),
        ({"LISTEN_FDS": "ma\x1bny"}, None, "LISTEN_FDS says 'ma�ny', which is no number"),
        ({"LISTEN_FDS": "9" * 5000}, None, "which is no number"),
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "control:d\x1bata"}, None, "'d�ata' is no listening socket"),
    ],
)
def test_what_is_not_taken_is_told(listening: socket.socket, env: dict[str, str], pid: int | None, says: str) -> None:
    """A unit with ListenDatagram= instead of ListenStream= would else go unnoticed until nobody answers."""
    with listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        (line,) = told([listening.fileno(), datagrams.fileno()], env, pid, log=True)
    assert says in line
