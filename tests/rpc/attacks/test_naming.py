"""What a connected client can name: the root, its verbs, and nothing that hangs on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rpyc.core import consts

from hotd.contract.frames import framed
from tests.rpc.attacks.conftest import answered
from tests.support.attacker import ROOT_REF, Attacker, boxed, refused, value
from tests.support.daemons import Running
from tests.support.memory import cpu_seconds, grows_at_most

HANDLERS = {name.removeprefix("HANDLE_"): n for name, n in vars(consts).items() if name.startswith("HANDLE_")}
BAD = "hotd.bad-request"


def verb_ref(attacker: Attacker, name: str = "status") -> tuple[int, Any]:
    """``root.status`` before it is called, as the daemon itself names it."""
    kind, (label, identity) = attacker.ask(consts.HANDLE_GETATTR, boxed(ROOT_REF, value(name)))
    assert (kind, label) == (consts.MSG_REPLY, consts.LABEL_REMOTE_REF)
    return consts.LABEL_LOCAL_REF, identity


@pytest.mark.attack(
    "write into what the daemon answers: `root.status()['paused'] = …`", outcome="refused: it is a text"
)
def test_what_is_answered_is_a_text_and_not_the_daemons_own_object(attacker: Attacker) -> None:
    """Nothing of the daemon can be changed through an answer: no reference comes with it, guessed ones are none."""
    kind, (label, text) = attacker.call("status", "{}")
    assert (kind, label, type(text)) == (consts.MSG_REPLY, consts.LABEL_VALUE, str)

    for identity in (("builtins.dict", 1, 1), ("builtins.dict", id({}), 0), ("hotd.control", 1, 2)):
        written = boxed((consts.LABEL_LOCAL_REF, identity), value("__setitem__"), value(("paused", True)), value(()))
        assert refused(attacker.ask(consts.HANDLE_CALLATTR, written)) == BAD


@pytest.mark.attack("`'{0.__func__.__globals__}'.format(root.status)` reads the daemon's globals", outcome="refused")
def test_no_text_is_formatted_with_a_reference(attacker: Attacker) -> None:
    """Not by a method of a text that the caller sends, not with a verb in the place of an argument."""
    verb = verb_ref(attacker)
    for text in ("{0.__func__.__globals__}", "{0.__class__}"):
        formatted = boxed(value(text), value("format"), boxed(verb), value(()))
        assert refused(attacker.ask(consts.HANDLE_CALLATTR, formatted)) == BAD
        said = attacker.ask(consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("status"), boxed(verb), value(())))
        assert refused(said) == BAD


@pytest.mark.parametrize(
    "name",
    [
        "__class__",
        "__globals__",
        "__func__",
        "__dict__",
        "__getattribute__",
        "__reduce_ex__",
        "__array__",
        "gi_frame",
        "_call",
        "_rpyc_getattr",
        "exposed_",
        "exposed_exposed_status",
        "status.__func__",
        "",
        "stat\u00fcs",
        "x" * 999,
    ],
)
@pytest.mark.attack(
    "walk attributes to `eval`: `gi_frame.f_builtins`, `__globals__`, `__getattribute__` (CVE-2019-16328)",
    outcome="refused: a root has verbs, a verb has nothing",
)
def test_no_attribute_but_a_verb_can_be_named(attacker: Attacker, name: str) -> None:
    """There is nothing to walk on from."""
    verb = verb_ref(attacker)
    assert refused(attacker.ask(consts.HANDLE_GETATTR, boxed(ROOT_REF, value(name)))) == "builtins.AttributeError"
    assert refused(attacker.ask(consts.HANDLE_GETATTR, boxed(verb, value(name)))) == BAD
    assert refused(attacker.ask(consts.HANDLE_CALLATTR, boxed(verb, value(name), value(()), value(())))) == BAD
    assert "bad-request" in attacker.call(name)[1][1]


@pytest.mark.parametrize(
    ("target", "method", "arguments"),
    [(7, "__pow__", (3_000_000,)), (b"a", "__mul__", (50_000_000,)), ("%50000000d", "__mod__", (1,))],
)
@pytest.mark.attack(
    "value bombs: `(7).__pow__(3000000)`, `b'a' * 50000000`, `'%50000000d' % 1`, 40 bytes each",
    outcome="refused, at no cost",
)
def test_methods_of_values_cannot_be_called(
    attacked: Running, attacker: Attacker, target: object, method: str, arguments: tuple[object, ...]
) -> None:
    """A hundred of them: one would hold the interpreter for the better part of a second, or take 50 MB."""
    before = cpu_seconds(attacked.process.pid)
    with grows_at_most(attacked.process.pid, 8):
        for _ in range(100):
            assert refused(attacker.ask(consts.HANDLE_CALLATTR, value((target, method, arguments)))) == BAD
            assert refused(attacker.ask(consts.HANDLE_CALL, value((target, arguments)))) == BAD
    assert cpu_seconds(attacked.process.pid) - before < 2


@pytest.mark.parametrize("handler", ["DIR", "STR", "REPR", "HASH", "CMP", "INSTANCECHECK"])
@pytest.mark.attack(
    "`dir()`, `str()`, `repr()`, `hash()`, `==`, `isinstance()` of what can be reached", outcome="refused"
)
def test_objects_tell_nothing_of_themselves(attacker: Attacker, handler: str) -> None:
    """No list of names, no address in memory."""
    for thing in (ROOT_REF, verb_ref(attacker)):
        for arguments in (boxed(thing), boxed(thing, value(1)), boxed(thing, value(1), value("__eq__"))):
            assert refused(attacker.ask(HANDLERS[handler], arguments)) == BAD


@pytest.mark.parametrize("handler", ["PICKLE", "SETATTR", "DELATTR", "BUFFITER", "OLDSLICING", "CTXEXIT"])
@pytest.mark.attack(
    "pickle (also by `obtain`, `np.array()`: CVE-2024-27758), set and delete attributes, iterate, slice",
    outcome="refused",
)
def test_nothing_is_pickled_set_deleted_or_iterated(attacker: Attacker, handler: str) -> None:
    """Not of the root, not of a verb, not of what the caller sends."""
    for thing in (ROOT_REF, verb_ref(attacker), value("x"), value((1, 2))):
        for rest in ((), (value(2),), (value("status"), value(1)), (value(None), value(None), value(None))):
            assert refused(attacker.ask(HANDLERS[handler], boxed(thing, *rest))) == BAD


@pytest.mark.parametrize("handler", [0, 21, 255, -1, 10**50, "8", None, 8.5, (), b"8", True])
@pytest.mark.attack("operations that RPyC itself does not have", outcome="refused")
def test_operations_that_nobody_has_are_refused(attacker: Attacker, handler: object) -> None:
    """Whatever stands in the place of an operation's number."""
    assert refused(attacker.ask(handler, value(()))) == BAD


WRONG: dict[str, str] = {
    "no JSON": "{",
    "no object": "[]",
    "a field that nobody has": '{"x": 1}',
    "a value of another type": '{"module": 7}',
    "a module that nobody has": '{"module": "nobody"}',
    "a module that is half a character": '{"module": "\\ud800"}',
    "deep JSON": '{"module": ' + "[" * 100_000,
    "another protocol": '{"protocol": 99}',
    "a number of 5,000 digits": '{"protocol": ' + "9" * 5_000 + "}",
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.attack(
    "read source lines, paths and attributes (`exc.dsn`) of the exception that a request provokes",
    outcome="an error is a code and a sentence",
)
def test_an_error_carries_a_code_and_a_sentence_and_nothing_else(
    attacked: Running, attacker: Attacker, what: str
) -> None:
    """No traceback, no path, no attribute; and the connection goes on, whatever was said."""
    error: Any = answered(attacker, text=WRONG[what])["error"]

    assert error["code"] in {"bad-request", "unknown-module", "protocol-mismatch"}
    assert error["message"] and error["traceback"] is None and error["file"] is None
    for secret in ("Traceback", ".py", "0x", str(attacked.folder)):
        assert secret not in json.dumps(error)
    assert "answer" in answered(attacker)


@pytest.mark.parametrize("argument", ["a callback", "builtins.dict", "a str subclass", "a list of the caller's"])
@pytest.mark.attack(
    "send an object by reference: a callback that raises SystemExit in the daemon, a `__class__` that passes for dict",
    outcome="refused: no object of a caller's is taken",
)
def test_no_object_of_the_callers_is_taken(attacker: Attacker, argument: str) -> None:
    """And the daemon asks nothing about it: the next message on the connection is the refusal."""
    identity = {
        "a callback": ("builtins.function", 1, 2),
        "builtins.dict": ("builtins.dict", 1, 0),
        "a str subclass": ("builtins.str", 1, 2),
        "a list of the caller's": ("builtins.list", 1, 2),
    }[argument]
    theirs = (consts.LABEL_REMOTE_REF, identity)
    for arguments in (boxed(theirs), boxed(value("{}"), theirs), boxed(boxed(theirs))):
        assert refused(attacker.ask(consts.HANDLE_CALLATTR, boxed(ROOT_REF, value("status"), arguments))) == BAD
    assert refused(attacker.ask(consts.HANDLE_PING, boxed(theirs))) == BAD
    keywords = boxed(ROOT_REF, value("status"), value(()), boxed(boxed(value("text"), theirs)))
    assert refused(attacker.ask(consts.HANDLE_CALLATTR, keywords)) == BAD


@pytest.mark.parametrize(
    "identity", [("builtins.dict", 1, 1), ("hotd.control", 1, 2), ("builtins.method", 2, 999), (), 7]
)
@pytest.mark.attack("guess the id of an object of the daemon's", outcome="refused: root and verbs are all there is")
def test_ids_are_not_to_be_guessed(attacker: Attacker, identity: object) -> None:
    """No object of the daemon's has one, but for the root and its verbs, whose are no secret."""
    guess = (consts.LABEL_LOCAL_REF, identity)
    assert refused(attacker.ask(consts.HANDLE_CALL, boxed(guess, value(()), value(())))) == BAD
    assert refused(attacker.ask(consts.HANDLE_GETATTR, boxed(guess, value("x")))) == BAD
    assert refused(attacker.ask(consts.HANDLE_INSPECT, value((identity,)))) == BAD


@pytest.mark.attack(
    "20,000 unsolicited exceptions with new class names, each a class that RPyC keeps for ever",
    outcome="cut off at the first",
)
def test_unsolicited_exceptions_make_no_classes(attacked: Running) -> None:
    """0.7 MB that cost stock RPyC 73 MB for good."""
    with grows_at_most(attacked.process.pid, 8):
        for start in range(0, 20_000, 1_000):
            with Attacker(str(attacked.socket)) as flood:
                try:
                    for number in range(start, start + 1_000):
                        flood.send(consts.MSG_EXCEPTION, number, (("evil", f"Class{number}"), (), (), ""))
                except ConnectionError:
                    pass  # cut by now
                assert flood.is_cut()


@pytest.mark.parametrize("kind", [consts.MSG_REPLY, consts.MSG_EXCEPTION, 0, 4, 255])
@pytest.mark.attack("reply to what was never asked, or send a message of no kind", outcome="cut off")
def test_an_unsolicited_reply_cuts_the_connection(attacker: Attacker, kind: int) -> None:
    """The daemon asks its callers nothing, so nothing of theirs answers it."""
    attacker.send(kind, 1, (consts.HANDLE_GETROOT, value(())))
    assert attacker.is_cut()


@pytest.mark.attack(
    "have the daemon answer what brine cannot say: a lone surrogate, a number of 5,000 digits",
    outcome="answered: texts are ASCII",
)
def test_no_answer_breaks_the_connection_that_it_goes_over(attacker: Attacker) -> None:
    """A file name that is no UTF-8 would do so in stock RPyC, unasked."""
    for text in ('{"module": "\\ud800\\udfff\\ud83d"}', '{"module": "' + "9" * 5_000 + '"}'):
        assert "error" in answered(attacker, text=text)
    assert attacker.ask(consts.HANDLE_PING, boxed(value("\U0001f600"))) == (consts.MSG_REPLY, value("\U0001f600"))
    assert "answer" in answered(attacker)


@pytest.mark.attack("send a Python number of 5,000 digits, or text that is no UTF-8, as brine", outcome="cut off")
@pytest.mark.parametrize("bytes_", [b"\x17\x00\x00\x13\x88" + b"9" * 5_000, b"\x08\x0a\xff", b"\x15\xff\xff\xff\xff"])
def test_brine_that_does_not_decode_cuts_its_sender(attacker: Attacker, bytes_: bytes) -> None:
    """Whatever way RPyC's decoder finds to fail, the connection is what ends."""
    attacker.send_bytes(framed(b"\x01" + bytes_))
    assert attacker.is_cut()


@pytest.mark.attack("speak HTTP or TLS to the socket", outcome="cut off")
@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 512],
    ids=["http", "tls"],
)
def test_other_protocols_are_cut_off(attacker: Attacker, said: bytes) -> None:
    """At their first bytes."""
    attacker.send_bytes(said)
    assert attacker.is_cut()


@pytest.mark.attack(
    "hold results by the thousand, let go of references by the hundred", outcome="nothing is counted, nobody is cut"
)
def test_a_caller_cannot_make_the_daemon_keep_anything_for_it(attacked: Running, attacker: Attacker) -> None:
    """Stock RPyC keeps every result, and breaks the connection over many that are let go at once."""
    verb = verb_ref(attacker)
    with grows_at_most(attacked.process.pid, 8):
        for _ in range(2_000):
            attacker.ask(consts.HANDLE_GETATTR, boxed(ROOT_REF, value("status")))
        for _ in range(10):
            for seq in range(100):  # what a socket holds; who reads nothing at all is cut off like any slow reader
                attacker.send(consts.MSG_REQUEST, seq, (consts.HANDLE_DEL, boxed(verb, value(1))))
            for seq in range(100):
                assert attacker.read() == (consts.MSG_REPLY, seq, value(None))
    assert "answer" in answered(attacker)
