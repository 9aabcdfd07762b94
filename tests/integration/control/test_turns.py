"""Whose request is answered when more ask than can be: each on its own connection, before a real port."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rpyc.core import consts

from hotctl import connect
from hotctl.client import Daemon
from hotd.contract import requests
from hotd.contract.errors import TooManyCalls, Unreachable
from hotd.contract.requests import Request
from hotd.contract.verbs import Verb
from hotd.contract.views import Events
from hotd.control import Roles
from hotd.control.limits import Limits
from hotd.core.fairness import Pace
from tests.integration.control.fakes import DONE, VERSION, Gated, as_nobody, needs_root, open_port
from tests.support.attacker import ROOT_REF, Attacker, boxed, value
from tests.support.daemons import folder_for_sockets
from tests.support.eventually import eventually

VIEWERS = Roles(viewers=["*"])
PARKED = requests.Events(max_wait=20.0)
HISTORY = consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("history"), value(()), value(()))
HELLO = consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("hello"), value(()), value(()))


class Asking(threading.Thread):
    """Somebody who asks something and keeps what comes of it."""

    def __init__(self, daemon: Daemon, ask: Any) -> None:
        super().__init__(name="asking")
        self._daemon = daemon
        self._ask = ask
        self.result: object = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self._ask(self._daemon)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            self.result = error


def test_who_finds_no_place_is_answered_when_there_is_one(tmp_path: Path) -> None:
    """Nobody is refused for coming second."""
    gated = Gated()
    with (
        open_port(tmp_path, gated, limits=Limits(answered=1)) as port,
        connect(port.path) as one,
        connect(port.path) as two,
    ):
        first = Asking(one, lambda daemon: daemon.hello())
        assert gated.reached.wait(5)
        second = Asking(two, lambda daemon: daemon.hello())
        gated.open.set()
        first.join(5)
        second.join(5)
        assert (first.result, second.result) == (VERSION, VERSION)


def test_who_stands_before_a_disk_that_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Its place is the next one's after half a second, though it is not answered yet."""
    gated = Gated()

    def answer(verb: Verb, request: Request) -> object:
        return gated(verb, request) if verb.name == "history" else VERSION

    with (
        open_port(tmp_path, answer, limits=Limits(answered=1)) as port,
        connect(port.path) as stuck,
        connect(port.path) as other,
    ):
        hung = Asking(stuck, lambda daemon: daemon.history())
        assert gated.reached.wait(5)
        assert other.hello() == VERSION
        assert other.hello() == VERSION
        assert hung.is_alive()
        gated.open.set()
        hung.join(5)


@pytest.mark.attack(
    "a viewer that asks for what takes long to write (`events` from the first on), on many connections",
    outcome="3 are answered at once; the 4th place is an admin's",
)
@needs_root
def test_the_last_place_is_an_admins() -> None:
    """Where each of them holds up all others by what it costs, many at once would hold up everybody."""
    gated = Gated()

    def answer(verb: Verb, request: Request) -> object:
        return gated(verb, request) if verb.name == "history" else VERSION

    own = Roles(viewers=["*"], own_uid=os.getuid())
    with (
        folder_for_sockets() as folder,
        open_port(folder, answer, own, mode=0o666) as port,
        connect(port.path) as admin,
    ):
        assert admin.hello() == VERSION
        port.server._turns._line._lent = 60.0  # else the place of one that hangs would do
        folder.chmod(0o755)
        them = as_nobody(lambda: [Attacker(port.path) for _ in range(8)])
        try:
            for one in them:
                one.send(consts.MSG_REQUEST, 1, HISTORY)
            eventually(lambda: len(port.desk.asked) >= 1 + 3)
            assert admin.hello() == VERSION
            assert len(port.desk.asked) == 1 + 3 + 1
        finally:
            gated.open.set()
            for one in them:
                one.sock.close()


@pytest.mark.parametrize("roles", [VIEWERS, Roles(admins=["*"])], ids=["viewer", "admin"])
def test_who_waits_for_something_takes_no_place(tmp_path: Path, roles: Roles) -> None:
    """A hundred followers of events do not hold up one ``status``."""
    gated = Gated()

    def answer(verb: Verb, request: Request) -> object:
        if verb.name == "events":
            gated(verb, request)
            return Events((), 0, 0)
        return VERSION

    with open_port(tmp_path, answer, roles, limits=Limits(answered=1)) as port, connect(port.path) as daemon:
        followers = [connect(port.path) for _ in range(3)]
        them = [Asking(one, lambda daemon: daemon.ask(PARKED)) for one in followers]
        eventually(lambda: len(port.desk.asked) == 3)
        began = time.monotonic()
        assert daemon.hello() == VERSION
        assert time.monotonic() - began < 5
        gated.open.set()
        for one in them:
            one.join(5)
            assert one.result == Events((), 0, 0)
        for follower in followers:
            follower.close()


def test_more_than_may_wait_are_refused_with_the_reason(tmp_path: Path) -> None:
    """Exit 5; the connection goes on, and what does not wait is answered."""
    gated = Gated()

    def answer(verb: Verb, request: Request) -> object:
        if getattr(request, "max_wait", 0.0):
            gated(verb, request)
        return Events((), 0, 0) if verb.name == "events" else VERSION

    limits = Limits(waiting=4, waiting_for_admins=2, waiting_each=1)
    with (
        open_port(tmp_path, answer, VIEWERS, limits=limits) as port,
        connect(port.path) as one,
        connect(port.path) as two,
    ):
        follower = Asking(one, lambda daemon: daemon.ask(PARKED))
        assert gated.reached.wait(5)
        with pytest.raises(TooManyCalls, match=f"1 calls of uid {os.getuid()} wait already"):
            two.ask(PARKED)
        assert two.hello() == VERSION
        assert two.ask(replace(PARKED, max_wait=0.0)) == Events((), 0, 0)
        gated.open.set()
        follower.join(5)
        assert two.ask(PARKED) == Events((), 0, 0)


def test_a_change_is_waited_for_outside_the_line(tmp_path: Path) -> None:
    """The engine decides it and the disk keeps it: however long that takes, others are answered."""
    gated = Gated()
    with (
        open_port(tmp_path, lambda v, r: gated(v, r) if v.changes else VERSION, limits=Limits(answered=1)) as port,
        connect(port.path) as one,
        connect(port.path) as two,
    ):
        change = Asking(one, lambda daemon: daemon.scale("m", 1))
        assert gated.reached.wait(5)
        assert two.hello() == VERSION
        gated.open.set()
        change.join(5)
        assert change.result == DONE


def test_who_asks_too_often_waits_and_is_not_refused(tmp_path: Path) -> None:
    """Ten at once, then a hundred a second; over all connections of a user together."""
    limits = Limits(others=Pace(100, 10))
    with (
        open_port(tmp_path, roles=VIEWERS, limits=limits) as port,
        connect(port.path) as one,
        connect(port.path) as two,
    ):
        began = time.monotonic()
        for _ in range(20):
            assert one.hello() == two.hello() == VERSION
        assert time.monotonic() - began >= 0.29


def test_who_stands_in_line_makes_room_like_anybody_who_is_not_being_answered(tmp_path: Path) -> None:
    """A flood of requests keeps a newcomer out as little as one of silence; what was not begun is not done."""
    limits = Limits(callers=3, others=Pace(0.001, 1))
    with open_port(tmp_path, roles=VIEWERS, limits=limits) as port:
        them = [Attacker(port.path) for _ in range(3)]
        for attacker in them:
            attacker.send(consts.MSG_REQUEST, 1, HELLO)
        eventually(lambda: len(port.desk.asked) == 1)
        with Attacker(port.path):
            gone = eventually(lambda: [attacker for attacker in them if _is_cut(attacker)])
            assert len(gone) == 1
            assert len(port.desk.asked) == 1
        for attacker in them:
            attacker.sock.close()


def _is_cut(attacker: Attacker) -> bool:
    attacker.sock.settimeout(0.01)
    try:
        return attacker.is_cut()
    except TimeoutError:
        return False


def test_who_stands_in_line_holds_up_the_end_no_longer_than_anybody(tmp_path: Path) -> None:
    """It is cut with whoever else was not answered by then, and its thread has ended."""
    limits = Limits(others=Pace(0.001, 1))
    with (
        open_port(tmp_path, roles=VIEWERS, limits=limits) as port,
        connect(port.path) as one,
        connect(port.path) as two,
    ):
        one.hello()
        waiting = Asking(two, lambda daemon: daemon.scale("m", 1))
        eventually(lambda: _standing(port))
        port.server.close(0.2)
        waiting.join(5)
        assert isinstance(waiting.result, Unreachable)


def _standing(port: Any) -> bool:
    return any(caller.number == 2 for caller in port.server._callers._callers.values())
