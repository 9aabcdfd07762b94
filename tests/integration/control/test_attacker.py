"""What RPyC would let a caller do beside calling verbs is refused, and the port goes on serving everybody else."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rpyc.core import brine, consts, vinegar

from hotctl import connect
from hotd.contract.errors import Unreachable
from hotd.contract.frames import framed
from hotd.contract.protocol import LONGEST_REQUEST, ROOT
from hotd.contract.requests import Request
from hotd.contract.verbs import VERBS, Verb
from hotd.contract.views import Version
from hotd.control.limits import Limits, Patience
from tests.integration.control.fakes import HURRIED, VERSION, Gated, Port, open_port
from tests.support.attacker import ROOT_REF, Attacker, boxed, refused, value
from tests.support.eventually import eventually

ALL_HANDLERS = {name: number for name, number in vars(consts).items() if name.startswith("HANDLE_")}
ALLOWED = {"HANDLE_PING", "HANDLE_CLOSE", "HANDLE_GETROOT", "HANDLE_GETATTR", "HANDLE_CALL", "HANDLE_CALLATTR"} | {
    "HANDLE_DEL",
    "HANDLE_INSPECT",
}


def serves(port: Port) -> bool:
    with connect(port.path) as daemon:
        return daemon.hello() == VERSION


@pytest.mark.parametrize("handler", sorted(set(ALL_HANDLERS) - ALLOWED))
def test_handlers_outside_the_list_do_not_exist(port: Port, handler: str) -> None:
    """No setattr, delattr, pickle, dir, str, repr, hash, cmp, iteration, slicing: not even of the root."""
    with Attacker(port.path) as attacker:
        for arguments in (boxed(ROOT_REF), boxed(ROOT_REF, value("x")), boxed(ROOT_REF, value("x"), value("y"))):
            assert refused(attacker.ask(ALL_HANDLERS[handler], arguments)) == "hotd.bad-request"

        assert attacker.call("hello")[0] == consts.MSG_REPLY, "this connection lives, too"
    assert serves(port)


@pytest.mark.parametrize("handler", [0, 21, 255, -1, 10**50, "8", None, 8.5, ()])
def test_handlers_that_nobody_has_are_refused(port: Port, handler: object) -> None:
    """Whatever stands in the handler's place."""
    with Attacker(port.path) as attacker:
        assert refused(attacker.ask(handler, value(()))) == "hotd.bad-request"
    assert serves(port)


@pytest.mark.parametrize(
    "name",
    [
        "__class__",
        "__globals__",
        "_call",
        "__init__",
        "_rpyc_getattr",
        "exposed_",
        "get_service_name",
        "methods",
        "x" * 9,
    ],
)
def test_no_attribute_but_a_verb_can_be_named(port: Port, name: str) -> None:
    """No walk from the root to anything: it has no other attributes."""
    with Attacker(port.path) as attacker:
        assert refused(attacker.ask(consts.HANDLE_GETATTR, boxed(ROOT_REF, value(name)))) == "builtins.AttributeError"
        kind, (_, text) = attacker.call(name)
        assert kind == consts.MSG_REPLY
        assert '"code":"bad-request"' in text
    assert serves(port)


def test_a_verb_has_no_attributes(port: Port) -> None:
    """``root.status.__func__.__globals__`` ends at ``root.status``."""
    with Attacker(port.path) as attacker:
        _, (label, identity) = attacker.ask(consts.HANDLE_GETATTR, boxed(ROOT_REF, value("status")))
        assert label == consts.LABEL_REMOTE_REF
        verb = (consts.LABEL_LOCAL_REF, identity)

        assert refused(attacker.ask(consts.HANDLE_GETATTR, boxed(verb, value("__func__")))) == "hotd.bad-request"
        assert refused(attacker.ask(consts.HANDLE_CALLATTR, boxed(verb, value("__call__"), value(())))) == (
            "hotd.bad-request"
        )


@pytest.mark.parametrize(
    ("target", "method", "arguments"),
    [
        (7, "__pow__", (3_000_000,)),
        (b"a", "__mul__", (50_000_000,)),
        ("%50000000d", "__mod__", (1,)),
        ("{0.__class__}", "format", (1,)),
    ],
)
def test_methods_of_values_sent_by_value_cannot_be_called(
    port: Port, target: object, method: str, arguments: tuple[object, ...]
) -> None:
    """The bombs of 40 bytes that cost a second of the interpreter lock."""
    with Attacker(port.path) as attacker:
        reply = attacker.ask(consts.HANDLE_CALLATTR, value((target, method, arguments)))
        assert refused(reply) == "hotd.bad-request"
        assert refused(attacker.ask(consts.HANDLE_CALL, value((target, arguments)))) == "hotd.bad-request"
    assert serves(port)


@pytest.mark.parametrize(
    "identity", [("builtins.dict", 1, 1), ("hotd.control", 1, 2), ("builtins.method", 2, 10**6), (), 7]
)
def test_references_to_anything_but_root_and_verbs_are_refused(port: Port, identity: object) -> None:
    """Guessing the id of an object gives nothing."""
    with Attacker(port.path) as attacker:
        guess = (consts.LABEL_LOCAL_REF, identity)
        assert refused(attacker.ask(consts.HANDLE_CALL, boxed(guess, value(()), value(())))) == "hotd.bad-request"
        assert refused(attacker.ask(consts.HANDLE_INSPECT, value((identity,)))) == "hotd.bad-request"


@pytest.mark.parametrize("as_what", [("builtins.dict", 1, 0), ("__main__.Callback", 1, 2)])
def test_objects_of_the_caller_are_never_taken(port: Port, as_what: object) -> None:
    """No callbacks, nothing that pretends to be a dict, and no request from the daemon about it."""
    with Attacker(port.path) as attacker:
        theirs = (consts.LABEL_REMOTE_REF, as_what)
        call = boxed(ROOT_REF, value("reload"), boxed(theirs), value(()))

        assert refused(attacker.ask(consts.HANDLE_CALLATTR, call)) == "hotd.bad-request"
        assert refused(attacker.ask(consts.HANDLE_PING, boxed(theirs))) == "hotd.bad-request"
    assert port.desk.asked == []


@pytest.mark.parametrize("label", [0, 5, "1", None])
def test_labels_that_nobody_has_are_refused(port: Port, label: object) -> None:
    """Whatever stands in the label's place."""
    with Attacker(port.path) as attacker:
        assert refused(attacker.ask(consts.HANDLE_PING, (label, "x"))) == "hotd.bad-request"


@pytest.mark.parametrize(
    "arguments",
    [(1,), (None,), (b"{}",), (("{}",),), ("{}", "{}"), (frozenset(("{}",)),), (slice(1),)],
)
def test_a_verb_takes_one_text_and_nothing_else(port: Port, arguments: tuple[object, ...]) -> None:
    """Plain values of other kinds never reach the gate."""
    with Attacker(port.path) as attacker:
        assert refused(attacker.call("hello", *arguments)) == "hotd.bad-request"
        keywords = boxed(ROOT_REF, value("hello"), value(()), value((("text", "{}"),)))
        assert refused(attacker.ask(consts.HANDLE_CALLATTR, keywords)) == "hotd.bad-request"
    assert port.desk.asked == []


UNSOLICITED = {
    "a reply": (consts.MSG_REPLY, value("{}")),
    "a reply with a reference": (consts.MSG_REPLY, (consts.LABEL_REMOTE_REF, ("evil.Class", 1, 1))),
    "a reply that reads like a request": (consts.MSG_REPLY, (consts.HANDLE_GETROOT, value(()))),
    "an exception": (consts.MSG_EXCEPTION, (("evil", "NewClass"), (), (), "")),
    "a message of no kind": (9, (consts.HANDLE_GETROOT, value(()))),
}


@pytest.mark.parametrize("what", sorted(UNSOLICITED))
def test_an_unsolicited_reply_cuts_the_connection(port: Port, what: str) -> None:
    """RPyC would make a class for each exception with a new name, and keep it for ever."""
    known = set(vinegar._generic_exceptions_cache)
    with Attacker(port.path) as attacker:
        kind, body = UNSOLICITED[what]
        attacker.send(kind, 1, body)

        assert attacker.is_cut()
    assert set(vinegar._generic_exceptions_cache) == known
    assert serves(port)
    assert len(port.log.of("control.cut")) == 1


def bomb() -> bytes:
    data = zlib.compress(b"\0" * 50_000_000)
    return struct.pack("!LB", len(data), 1) + data + b"\n"


GARBAGE: dict[str, Callable[[], bytes]] = {
    "another protocol": lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 4 GiB": lambda: b"\xff\xff\xff\xff\x00",
    "one byte too long": lambda: struct.pack("!LB", LONGEST_REQUEST + 1, 0),
    "a zip bomb": bomb,
    "no zip": lambda: struct.pack("!LB", 3, 1) + b"abc\n",
    "no end": lambda: struct.pack("!LB", 1, 0) + b"abc\n",
    "an empty frame": lambda: framed(b""),
    "no brine": lambda: framed(b"\x01\xff\xff\xff"),
    "deep tuples": lambda: framed(b"\x01" + b"\x10" * 200_000),
    "a tuple of 4 billion": lambda: framed(b"\x01\x15\xff\xff\xff\xff"),
    "a number of 5,000 digits": lambda: framed(b"\x01\x17" + struct.pack("!L", 5000) + b"9" * 5000),
    "no utf-8": lambda: framed(b"\x01\x08\x0a\xff"),
    "no sequence number": lambda: framed(b"\x01" + brine.dump(("x", (1, value(()))))),
    "another shape": lambda: framed(b"\x01" + brine.dump((1, 2, 3, 4))),
}


@pytest.mark.parametrize("what", sorted(GARBAGE))
def test_garbage_cuts_its_sender_off_and_nobody_else(port: Port, what: str) -> None:
    """No frame can park a thread, fill the memory or end the port."""
    with Attacker(port.path) as attacker, connect(port.path) as other:
        assert other.hello() == VERSION

        attacker.send_bytes(GARBAGE[what]())

        assert attacker.is_cut()
        assert other.hello() == VERSION
    assert port.desk.asked[1:] == port.desk.asked[:1]
    assert port.log.of("control.defect") == []


@pytest.mark.parametrize("drips", [False, True])
def test_a_begun_frame_has_a_deadline(tmp_path: Path, drips: bool) -> None:
    """Neither silence nor a byte now and then holds a thread: the deadline is for the whole request."""
    patient = Patience(idle=60, begun=0.3, answer=60)
    with open_port(tmp_path, patience=patient) as port, Attacker(port.path) as attacker:
        attacker.send_bytes(struct.pack("!LB", LONGEST_REQUEST, 0))
        attacker.sock.settimeout(0.05)

        def is_cut() -> bool:
            try:
                if drips:
                    attacker.send_bytes(b"\0")
                return attacker.sock.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        eventually(is_cut)
        assert serves(port)


@pytest.mark.attack("stay connected and say nothing", outcome="let go after 300 s (in the test: 0.2 s)")
def test_who_says_nothing_is_let_go(tmp_path: Path) -> None:
    """An idle connection costs a thread, so it ends; hotctl opens another without its user noticing."""
    with open_port(tmp_path, patience=HURRIED) as port, connect(port.path) as daemon, Attacker(port.path) as idle:
        assert daemon.hello() == VERSION

        assert idle.is_cut()
        assert daemon.hello() == VERSION


def test_who_does_not_take_its_answer_is_cut_off(tmp_path: Path) -> None:
    """The thread that answers is not the slow reader's to keep."""
    long = replace(VERSION, version="x" * 5_000_000)
    asked = threading.Event()

    def answer(_verb: Verb, _request: Request) -> Version:
        asked.set()
        return long

    patience = Patience(idle=60, begun=60, answer=0.3)
    with open_port(tmp_path, answer, patience=patience) as port, Attacker(port.path) as attacker:
        attacker.send(consts.MSG_REQUEST, 1, (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("hello"), value(()))))
        assert asked.wait(5)

        eventually(lambda: not any(t.name == "hotd-control-1" for t in threading.enumerate()), what="its thread ended")
        with connect(port.path) as daemon:
            assert daemon.hello() == long


def test_the_whole_answer_of_an_honest_caller_arrives_however_long(tmp_path: Path) -> None:
    """Far more than a socket holds at once."""
    long = replace(VERSION, version="x" * 5_000_000)
    with open_port(tmp_path, lambda _verb, _request: long) as port, connect(port.path) as daemon:
        assert daemon.hello() == long


def test_when_full_the_oldest_without_a_finished_request_goes_first(tmp_path: Path) -> None:
    """A flood of silent connections does not keep an honest caller out."""
    with open_port(tmp_path, limits=Limits(callers=3)) as port, connect(port.path) as honest:
        assert honest.hello() == VERSION
        first, second = Attacker(port.path), Attacker(port.path)
        with first, second, Attacker(port.path), connect(port.path) as late:
            assert late.hello() == VERSION

            assert first.is_cut()
            assert second.is_cut()
            assert honest.hello() == VERSION
    assert len(port.log.of("control.full")) == 1


def test_when_everybody_is_being_answered_a_newcomer_is_turned_away(tmp_path: Path) -> None:
    """Nobody's call is cut for another's; the newcomer is told at once, and the admin once."""
    gated = Gated()
    with open_port(tmp_path, gated, limits=Limits(callers=1)) as port, connect(port.path) as served:
        call = threading.Thread(target=served.hello)
        call.start()
        assert gated.reached.wait(5)

        for _ in range(2):
            with connect(port.path) as late, pytest.raises(Unreachable, match="closed the connection"):
                late.hello()

        gated.open.set()
        call.join(5)
        assert len(port.log.of("control.full")) == 1
        assert served.hello() == VERSION


@pytest.mark.attack(
    "ask for long answers on every connection there may be, and read none",
    outcome="who has read nothing for 1 s goes for a newcomer, where nobody else can",
)
def test_who_reads_nothing_keeps_nobody_out(tmp_path: Path) -> None:
    """Ten seconds are for who reads slowly, and for as long as there is room."""
    long = replace(VERSION, version="x" * 5_000_000)
    with open_port(tmp_path, lambda _verb, _request: long, limits=Limits(callers=2)) as port:
        them = [Attacker(port.path) for _ in range(2)]
        for one in them:
            one.send(consts.MSG_REQUEST, 1, (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("hello"), value(()))))

        eventually(lambda: len(port.desk.asked) == 2, what="both are being answered")

        def let_in() -> bool:
            with connect(port.path) as late, suppress(Unreachable):
                return late.hello() == long
            return False

        eventually(let_in, within=8, what="a newcomer is let in, before ten seconds have passed")
        for one in them:
            one.sock.close()


def test_a_caller_that_goes_before_its_answer_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C in hotctl: no traceback in the daemon's log, no thread, no descriptor."""
    gated = Gated()
    with open_port(tmp_path, gated) as port:
        with Attacker(port.path) as attacker:
            attacker.send(consts.MSG_REQUEST, 1, (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("hello"), value(()))))
            assert gated.reached.wait(5)
        gated.open.set()

        eventually(lambda: not any(t.name == "hotd-control-1" for t in threading.enumerate()), what="its thread ended")
        assert port.log.records == []


def test_the_root_is_a_well_known_one(port: Port) -> None:
    """Its id is what the contract says, so that nobody needs to ask for it."""
    with Attacker(port.path) as attacker:
        assert attacker.ask(consts.HANDLE_GETROOT, value(())) == (
            consts.MSG_REPLY,
            (consts.LABEL_REMOTE_REF, ROOT),
        )
        _, (label, methods) = attacker.ask(consts.HANDLE_INSPECT, value((ROOT,)))
        assert label == consts.LABEL_VALUE
        assert {name for name, _ in methods} == set(VERBS)
