from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotd.host.notify import Notifier


class Manager:
    """The end of systemd: what it was told, one set of fields for each datagram."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def told(self) -> list[str]:
        return self.socket.recv(65536).decode().split("\n")

    def told_nothing(self) -> bool:
        try:
            self.socket.recv(1)
        except BlockingIOError:
            return True
        return False


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify") if request.param == "path" else f"@hotd-{secrets.token_hex(8)}")
    yield manager
    manager.socket.close()


@pytest.fixture
def notifier(manager: Manager) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": manager.address})


def test_ready_comes_with_its_status_in_one_datagram(manager: Manager, notifier: Notifier) -> None:
    """`systemctl status` has something to say from the first moment on."""
    notifier.ready("2 modules → 4 instances")

    assert manager.told() == ["READY=1", "STATUS=2 modules → 4 instances"]


def test_ready_without_a_status_keeps_the_old_one(manager: Manager, notifier: Notifier) -> None:
    """An empty STATUS would wipe what is shown."""
    notifier.ready()

    assert manager.told() == ["READY=1"]


def test_reloading_is_stamped_with_the_monotonic_clock(manager: Manager, notifier: Notifier) -> None:
    """Type=notify-reload takes a READY=1 for its reload only when the stamp is later than its request."""
    before = time.monotonic_ns() // 1000
    notifier.reloading()
    after = time.monotonic_ns() // 1000

    reloading, stamp = manager.told()
    name, _, microseconds = stamp.partition("=")
    assert (reloading, name) == ("RELOADING=1", "MONOTONIC_USEC")
    assert before <= int(microseconds) <= after


def test_stopping_says_what_is_waited_for(manager: Manager, notifier: Notifier) -> None:
    """A stop that takes long explains itself."""
    notifier.stopping("1 instance is left")

    assert manager.told() == ["STOPPING=1", "STATUS=1 instance is left"]


@pytest.mark.parametrize(("seconds", "microseconds"), [(30, "30000000"), (0.25, "250000"), (-1, "0")])
def test_more_time_is_asked_for_in_microseconds(
    manager: Manager, notifier: Notifier, seconds: float, microseconds: str
) -> None:
    """A drain longer than the unit's timeout is not killed half-way."""
    notifier.extend_timeout(seconds)

    assert manager.told() == [f"EXTEND_TIMEOUT_USEC={microseconds}"]


def test_a_status_cannot_smuggle_a_field(manager: Manager, notifier: Notifier) -> None:
    """A module's name is foreign: a line feed in it must not become a message to systemd."""
    notifier.status("long_op\nSTOPPING=1\r\nMAINPID=1\0")

    assert manager.told() == ["STATUS=long_op STOPPING=1  MAINPID=1�"]


def test_a_long_status_is_cut_between_two_characters(manager: Manager, notifier: Notifier) -> None:
    """systemd drops a whole datagram above 4096 bytes: READY=1 is not to get lost by many module names."""
    notifier.ready("→" * 5000)

    ready, status = manager.told()
    assert ready == "READY=1"
    assert status.endswith("→…")
    assert 1000 < len(status.encode()) < 1100


def test_a_status_that_was_no_text_is_still_sent(manager: Manager, notifier: Notifier) -> None:
    """A file name that is not UTF-8 costs its odd bytes."""
    notifier.status(os.fsdecode(b"ops/\xff.py"))

    assert manager.told() == ["STATUS=ops/�.py"]


def test_an_empty_status_is_not_sent(manager: Manager, notifier: Notifier) -> None:
    """Nothing to say is said by saying nothing."""
    notifier.status(" \n")

    assert manager.told_nothing()


def test_children_do_not_inherit_the_socket(manager: Manager) -> None:
    """A subprocess of hosted code cannot speak in the daemon's name by accident."""
    env = {"NOTIFY_SOCKET": manager.address, "HOME": "/"}

    assert Notifier(env).listening

    assert env == {"HOME": "/"}


def test_a_vanished_socket_is_no_error(manager: Manager, notifier: Notifier) -> None:
    """The daemon outlives whoever listened."""
    manager.socket.close()
    if manager.address.startswith("/"):
        Path(manager.address).unlink()

    notifier.ready("still here")
    notifier.stopping()


def test_a_manager_that_does_not_read_holds_nobody_up(manager: Manager, notifier: Notifier) -> None:
    """With systemd's queue full a message is lost after half a second, and that is all."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as flood:
        flood.connect(manager.socket.getsockname())
        with pytest.raises(BlockingIOError):
            while True:
                flood.send(b"x" * 1000)

    begun = time.monotonic()
    notifier.status("unheard")

    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("address", [None, "", "relative", "vsock:2:1234", "/" + "x" * 200])
def test_without_a_usable_socket_every_call_does_nothing(address: str | None) -> None:
    """In a terminal, in a container, anywhere without systemd: the same code, and no word about it."""
    notifier = Notifier({} if address is None else {"NOTIFY_SOCKET": address})

    notifier.reloading()
    notifier.ready("x")
    notifier.status("x")
    notifier.extend_timeout(1)
    notifier.stopping("x")


def test_no_descriptor_is_left_open(manager: Manager, notifier: Notifier) -> None:
    """Thousands of status lines cost nothing that stays."""
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - procfs, not a folder of ours
    for _ in range(3):
        notifier.status("x")

    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208 - as above
