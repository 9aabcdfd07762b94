"""The control port before honest callers: stock RPyC, hotctl, many at once; its socket file; its end."""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from rpyc.core import consts
from rpyc.utils.factory import unix_connect

from hotctl import connect
from hotctl.client import Daemon
from hotd.contract.errors import AlreadyRunning, BadConfig, NotPermitted, Unreachable
from hotd.contract.verbs import VERBS
from hotd.control import ControlServer, Roles
from tests.integration.control.fakes import (
    NOBODY,
    NOBODYS_GROUP,
    OWN,
    VERSION,
    FakeDesk,
    Gated,
    Port,
    as_nobody,
    needs_root,
    open_port,
)
from tests.support.attacker import ROOT_REF, Attacker, boxed, value
from tests.support.eventually import eventually

# --- stock clients ----------------------------------------------------------------------------------------------------


def test_a_stock_client_calls_a_verb(port: Port) -> None:
    """``rpyc.utils.factory.unix_connect(path).root.status()``: nothing of ours is needed to ask."""
    stock = unix_connect(port.path)
    try:
        for text in (stock.root.hello(), stock.root.exposed_hello("{}"), stock.root.hello("{}")):
            assert json.loads(text)["answer"]["version"] == "0.1.0"
        stock.ping()
        with pytest.raises(AttributeError, match="did you mean hello"):
            stock.root.helo  # noqa: B018 - the look-up is what is tried
    finally:
        stock.close()


def test_a_stock_client_reaches_nothing_else(port: Port) -> None:
    """Its own ways of looking at an object are refused, and it is told why."""
    stock = unix_connect(port.path)
    try:
        root = stock.root
        for attempt in (lambda: str(root), lambda: dir(root), lambda: hash(root), lambda: root == 1):
            with pytest.raises(Exception, match="a control port takes calls"):
                attempt()
        with pytest.raises(Exception, match="a control port takes calls"):
            root.x = 1
        with pytest.raises(AttributeError):
            root.__globals__  # noqa: B018 - as above
        with pytest.raises(Exception, match="never a reference"):
            root.hello(lambda: None)
    finally:
        stock.close()


# --- hotctl -----------------------------------------------------------------------------------------------------------


class CountingProxy:
    """Stands between a client and the port and counts the messages of each side."""

    def __init__(self, path: Path, target: str) -> None:
        self.path = str(path)
        self.requests = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._target = target
        self._thread = threading.Thread(target=self._run, name="proxy")
        self._thread.start()

    def _run(self) -> None:
        ours, _ = self._listener.accept()
        with ours, socket.socket(socket.AF_UNIX) as theirs:
            theirs.connect(self._target)
            while data := ours.recv(65536):
                self.requests += 1
                theirs.sendall(data)
                ours.sendall(theirs.recv(65536))

    def close(self) -> None:
        self._thread.join(5)
        self._listener.close()


def test_a_command_is_one_round_trip(port: Port, tmp_path: Path) -> None:
    """Connect, call, go: one message there, one back. Each further one would cost a wait for every busy worker."""
    proxy = CountingProxy(tmp_path / "proxy", port.path)

    with connect(proxy.path) as daemon:
        daemon.hello()
    proxy.close()

    assert proxy.requests == 1


def test_every_verb_reaches_the_desk(tmp_path: Path) -> None:
    """The table of verbs is what the port speaks: each with its request, for whoever may."""
    with open_port(tmp_path) as port, Attacker(port.path) as raw:
        arguments: dict[str, dict[str, Any]] = {
            "outcome": {"revision": 1},
            "scale": {"replicas": 1},
            "wait": {"until": "healthy"},
            "diff": {"from": 1},
            "drain": {"generation": 1},
            "purge": {"generation": 1},
            "add": {"entry": "m:work"},
        }
        for name in VERBS:
            fields = arguments.get(name, {}) | _needed(name)
            assert raw.call(name, json.dumps(fields))[0] == consts.MSG_REPLY

        assert [name for name, _, _ in port.desk.asked] == list(VERBS)


def _needed(name: str) -> dict[str, Any]:
    fields = VERBS[name].request.__dataclass_fields__
    return {key: "m" for key in ("module", "target") if key in fields}


def test_callers_are_served_at_the_same_time(tmp_path: Path) -> None:
    """One that waits for a slow answer holds nobody else up."""
    gated = Gated()
    with (
        open_port(tmp_path, lambda verb, request: gated(verb, request) if verb.changes else VERSION) as port,
        connect(port.path) as slow,
        connect(port.path) as quick,
    ):
        waiting = threading.Thread(target=slow.reload, args=("m",))
        waiting.start()
        assert gated.reached.wait(5)

        assert quick.hello() == VERSION

        assert waiting.is_alive()
        gated.open.set()
        waiting.join(5)


def test_threads_are_named_after_what_they_do(tmp_path: Path) -> None:
    """Whoever looks at a stuck daemon sees whose thread it is."""
    with open_port(tmp_path) as port, connect(port.path) as daemon:
        daemon.hello()

        names = {thread.name for thread in threading.enumerate()}
        assert {"hotd-control", "hotd-control-1"} <= names


# --- who may what -----------------------------------------------------------------------------------------------------


def test_a_caller_without_any_role_is_told_so_and_then_cut(tmp_path: Path) -> None:
    """With uid, verb and what is needed: not a mere end of file. Exit 77."""
    with open_port(tmp_path, roles=Roles(admins=["12345"])) as port, Attacker(port.path) as stranger:
        kind, (_, text) = stranger.call("hello")

        assert kind == consts.MSG_REPLY
        error = json.loads(text)["error"]
        assert error["code"] == "not-permitted"
        assert f"uid {os.getuid()}" in error["message"]
        assert stranger.is_cut()
    assert port.desk.asked == []


def test_haste_is_for_who_may_ask(tmp_path: Path) -> None:
    """It takes time of the instances; a stranger who comes again and again must not have it."""
    hurried: list[str] = []
    with open_port(tmp_path, roles=Roles(admins=["12345"]), hurry=lambda: hurried.append("x")) as port:
        with Attacker(port.path) as stranger:
            stranger.call("hello")
            assert stranger.is_cut()
        assert hurried == []
        port.server.permit(OWN)
        with connect(port.path) as daemon:
            daemon.hello()
        assert len(hurried) >= 2, "when it came, and when it asked"


def test_a_viewer_looks_and_does_not_change(tmp_path: Path) -> None:
    """The refusal stands in the log with uid and verb; the connection goes on."""
    with open_port(tmp_path, roles=Roles(viewers=["*"])) as port, connect(port.path) as daemon:
        assert daemon.hello() == VERSION
        with pytest.raises(NotPermitted, match="may not scale"):
            daemon.scale("m", 2)
        assert daemon.hello() == VERSION

    (refusal,) = port.log.of("control.refused")
    assert (refusal["uid"], refusal["verb"], refusal["outcome"]) == (os.getuid(), "scale", "not-permitted")


def test_who_is_cut_off_again_and_again_fills_no_log(tmp_path: Path) -> None:
    """What was counted is told at the end at the latest."""
    began = time.monotonic()
    with open_port(tmp_path, roles=Roles(admins=["12345"])) as port:
        for _ in range(30):
            with Attacker(port.path) as stranger:
                stranger.call("hello")
                assert stranger.is_cut()
    for event in ("control.refused", "control.cut"):
        lines = port.log.of(event)
        assert sum(line.get("more", 1) for line in lines) == 30
        assert len(lines) <= 2 * (time.monotonic() - began + 1)


def test_the_kernel_says_who_calls(port: Port) -> None:
    """Uid and name reach the desk, so that history and events show them."""
    with connect(port.path) as daemon:
        daemon.scale("m", 2)

    ((_, _, actor),) = port.desk.asked
    assert (actor.uid, actor.role) == (os.getuid(), "admin")


@needs_root
def test_another_user_is_known_by_uid_name_and_groups(public_folder: Path) -> None:
    """A member of a listed group is an admin, and its name stands in the history."""
    group = f"%{NOBODYS_GROUP}"
    with open_port(public_folder, mode=0o666, roles=Roles(admins=[group])) as port, connect(port.path) as daemon:
        as_nobody(lambda: daemon.scale("m", 2))

    ((_, _, actor),) = port.desk.asked
    assert (actor.uid, actor.role) == (NOBODY, "admin")
    (call,) = port.log.of("control.call")
    assert (call["uid"], call["verb"], call["outcome"]) == (NOBODY, "scale", "done")


def test_running_out_of_descriptors_does_not_end_the_port(tmp_path: Path) -> None:
    """RPyC's loop ends there without a word. The warning comes once, and callers are served again afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open_port(tmp_path) as port:
        waiting = socket.socket(socket.AF_UNIX)
        os.close(next_free := os.dup(0))
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (next_free, hard))
            waiting.connect(port.path)
            eventually(lambda: port.log.of("control.full"), what="it is told")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            waiting.close()
        with connect(port.path) as daemon:
            assert daemon.hello() == VERSION
        assert os.strerror(errno.EMFILE) in port.log.of("control.full")[0]["text"]


# --- the socket file --------------------------------------------------------------------------------------------------


def test_the_socket_has_the_mode_and_the_group_that_were_asked_for(tmp_path: Path) -> None:
    """Whatever the umask: 0660 means 0660, and the umask is as it was."""
    before = os.umask(0)
    os.umask(before)
    with open_port(tmp_path, mode=0o620, gid=os.getgid()) as port:
        found = Path(port.path).stat()

        assert stat.S_IMODE(found.st_mode) == 0o620
        assert found.st_gid == os.getgid()
    after = os.umask(before)
    assert after == before


def test_the_socket_file_is_gone_after_the_end(tmp_path: Path) -> None:
    """So the next start finds nothing in its way, and closing again does nothing."""
    with open_port(tmp_path) as port:
        port.server.close(0.0)

        assert not Path(port.path).exists()
        port.server.close(0.0)


def test_a_socket_file_that_is_another_daemons_stays(tmp_path: Path) -> None:
    """Ours was removed and somebody bound anew: that file is not ours to remove."""
    with open_port(tmp_path) as port:
        Path(port.path).unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(port.path)

            port.server.close(0.0)

            assert Path(port.path).exists()


def start_at(path: Path, **options: Any) -> None:
    ControlServer(
        str(path), **({"mode": 0o660, "gid": None} | options), desk=FakeDesk(), roles=OWN, version="0.1.0"
    ).start()


def test_what_keeps_the_port_from_opening_is_told_with_its_cure(tmp_path: Path) -> None:
    """A sentence, a hint, an exit status; no thread, no descriptor and no file is left."""
    (tmp_path / "there").touch()
    for path, kind, sentence in (
        (tmp_path / ("x" * 108), BadConfig, "the kernel takes 107"),
        (tmp_path / "missing" / "s", BadConfig, "no folder"),
        (tmp_path / "there" / "s", BadConfig, "no folder"),
        (tmp_path / "there", AlreadyRunning, "already"),
    ):
        with pytest.raises(kind, match=sentence) as caught:
            start_at(path)
        assert caught.value.hint

    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@needs_root
def test_a_group_that_cannot_be_given_is_told_and_the_file_removed(public_folder: Path) -> None:
    """The socket is never open to whom it was not meant for."""
    with pytest.raises(BadConfig, match=r"cannot give the socket .* group 0 and mode 0660: Operation not permitted"):
        as_nobody(lambda: start_at(public_folder / "s", gid=0))

    assert list(public_folder.iterdir()) == []


@needs_root
def test_a_folder_that_is_not_ours_is_told() -> None:
    """A daemon started as the wrong user says so."""
    with pytest.raises(BadConfig, match="the daemon's user may not make a socket in /usr"):
        as_nobody(lambda: start_at(Path("/usr/s")))


# --- the end ----------------------------------------------------------------------------------------------------------


class Caller(threading.Thread):
    """Asks for a change and keeps what comes of it."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(name="caller")
        self.daemon_ = daemon
        self.result: object = None

    def run(self) -> None:
        try:
            self.result = self.daemon_.scale("m", 1)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            self.result = error


def test_a_call_in_flight_is_answered_before_the_end(tmp_path: Path) -> None:
    """Idle connections go at once; whoever waits for an answer gets it."""
    gated = Gated()
    with open_port(tmp_path, gated) as port, connect(port.path) as daemon, Attacker(port.path) as idle:
        caller = Caller(daemon)
        caller.start()
        assert gated.reached.wait(5)
        closing = threading.Thread(target=port.server.close, args=(10.0,))
        closing.start()
        assert idle.is_cut()
        assert closing.is_alive()

        gated.open.set()

        caller.join(5)
        closing.join(5)
        assert getattr(caller.result, "outcome", caller.result) == "done"


def test_what_was_sent_before_the_end_is_answered_and_nothing_is_taken_after_it(tmp_path: Path) -> None:
    """Whoever could send has asked in time; whoever could not knows that nothing was done, and asks the next daemon."""
    gated = Gated()
    with open_port(tmp_path, gated) as port, Attacker(port.path) as raw:
        for number in (1, 2):
            text = (f'{{"module": "m", "replicas": {number}}}',)
            call = boxed(ROOT_REF, value("scale"), value(text), value(()))
            raw.send(consts.MSG_REQUEST, number, (consts.HANDLE_CALLATTR, call))
        assert gated.reached.wait(5)
        closing = threading.Thread(target=port.server.close, args=(10.0,))
        closing.start()

        eventually(lambda: refuses(raw), what="nothing more is taken")
        gated.open.set()
        answers = [raw.read(), raw.read()]

        closing.join(5)
        assert [(kind, seq) for kind, seq, _ in filter(None, answers)] == [(consts.MSG_REPLY, 1), (consts.MSG_REPLY, 2)]
        assert [getattr(request, "replicas", None) for _, request, _ in port.desk.asked] == [1, 2]
        assert raw.is_cut()


def test_who_has_said_all_is_answered_and_then_sees_the_end(port: Port) -> None:
    """As ``nc -N`` does: it closes its own direction, and reads on."""
    with Attacker(port.path) as raw:
        for number in (1, 2):
            raw.send(consts.MSG_REQUEST, number, (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("hello"), value(()))))
        raw.sock.shutdown(socket.SHUT_WR)
        assert [answer and answer[1] for answer in (raw.read(), raw.read())] == [1, 2]
        assert raw.is_cut()


def refuses(raw: Attacker) -> bool:
    try:
        raw.send_bytes(b"\0")
    except BrokenPipeError:
        return True
    return False


def test_a_call_that_takes_too_long_is_cut_at_the_deadline(tmp_path: Path) -> None:
    """The end is not the caller's to hold up; its thread is named in the log."""
    gated = Gated()
    with open_port(tmp_path, gated) as port, connect(port.path) as daemon:
        caller = Caller(daemon)
        caller.start()
        assert gated.reached.wait(5)

        port.server.close(0.05)

        caller.join(5)
        assert isinstance(caller.result, Unreachable)
        assert "hotd-control-1" in port.log.of("control.left")[0]["text"]
        gated.open.set()


def test_after_the_end_nobody_is_accepted(tmp_path: Path) -> None:
    """A late caller is told that no daemon is there."""
    with open_port(tmp_path) as port:
        port.server.close(0.0)

        with connect(port.path) as daemon, pytest.raises(Unreachable, match="there is no socket there"):
            daemon.hello()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_lets_go_of_every_socket(port: Port) -> None:
    """User code forks; after the daemon's death its callers must not wait for an answer of the child's."""
    with connect(port.path) as daemon:
        daemon.hello()
        child = os.fork()
        if not child:
            before = _sockets()
            port.server.forget()
            os._exit(before - _sockets())
        _, status = os.waitpid(child, 0)

        assert os.waitstatus_to_exitcode(status) == 2, "the listening one and the one that was accepted"
        assert daemon.hello() == VERSION, "nothing was said on them"


def _sockets() -> int:
    links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - one of them is gone
    return sum(1 for link in links if link.is_symlink() and str(link.readlink()).startswith("socket:"))
