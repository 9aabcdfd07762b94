"""One text in, one text out, whatever happens between."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from hotd.contract import protocol, requests, views
from hotd.contract.errors import UnknownModule
from hotd.contract.requests import LONGEST_WAIT
from hotd.contract.verbs import VERBS
from hotd.control.gate import LONGEST_ARGUMENTS, LONGEST_KNOWN, Gate
from hotd.control.peers import Peer
from hotd.control.remarks import Remarks
from hotd.control.roles import Roles
from tests.integration.control.fakes import DONE, VERSION, FakeDesk, Records

PEER = Peer(4_000_000, frozenset({4_000_000}), 7)


class Bench:
    """A gate, the desk behind it, and what it logged."""

    def __init__(
        self,
        answer: Callable[..., Any] | None = None,
        roles: Roles | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.desk = FakeDesk(answer) if answer else FakeDesk()
        self.log = Records()
        logger = logging.Logger("test")
        logger.addHandler(self.log)
        self.gate = Gate(self.desk, roles or Roles(admins=["*"]), "0.1.0", logger, Remarks(logger, clock))

    def ask(self, verb: str, text: str = "{}") -> dict[str, Any]:
        answer = json.loads(self.gate.answer(verb, text, PEER))
        assert (answer["protocol"], answer["version"]) == (1, "0.1.0"), "every answer carries both"
        assert isinstance(answer, dict)
        return answer


def test_a_verb_is_asked_with_its_request_and_its_caller() -> None:
    """The desk sees a typed request and who asks."""
    bench = Bench()
    text = protocol.request_text(requests.Scale("long_op", 3), version="0.1.0")

    assert bench.ask("scale", text)["answer"]["outcome"] == "done"

    ((verb, request, actor),) = bench.desk.asked
    assert (verb, request) == ("scale", requests.Scale("long_op", 3))
    assert (actor.name, actor.uid, actor.role) == ("uid 4000000", 4_000_000, "admin")


@pytest.mark.parametrize(
    ("verb", "text", "code", "sentence"),
    [
        ("stauts", "{}", "bad-request", "did you mean status?"),
        ("xyzzy", "{}", "bad-request", 'there is no verb "xyzzy"'),
        ("__class__" * 10_000, "{}", "bad-request", "there is no verb"),
        ("status", "{", "bad-request", "is not JSON"),
        ("status", '{"modul": "x"}', "bad-request", "has no field 'modul'"),
        ("status", '{"protocol": 2, "version": "2.0"}', "protocol-mismatch", "the client (hotd 2.0) speaks protocol 2"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_sentence(verb: str, text: str, code: str, sentence: str) -> None:
    """And never reaches the desk."""
    bench = Bench()

    error = bench.ask(verb, text)["error"]

    assert error["code"] == code
    assert sentence in error["message"]
    assert len(error["message"]) < 200
    assert bench.desk.asked == []


def test_an_error_of_ours_is_the_answer() -> None:
    """With its code and its cure."""

    def answer(*_: object) -> object:
        raise UnknownModule("no module 'x'", hint="did you mean 'y'?")

    error = Bench(answer).ask("status")["error"]

    assert (error["code"], error["message"], error["hint"]) == ("unknown-module", "no module 'x'", "did you mean 'y'?")


@pytest.mark.parametrize("answer", [lambda *_: 1 / 0, lambda *_: object(), lambda *_: float("nan")])
def test_a_defect_is_told_without_its_insides_and_logged_with_them(answer: Callable[..., Any]) -> None:
    """A caller gets a sentence; the traceback is the admin's."""
    bench = Bench(answer)

    error = bench.ask("status")["error"]

    assert error["code"] == "internal"
    assert error["traceback"] is None
    assert "test_gate.py" not in json.dumps(error)
    (record,) = bench.log.of("control.defect")
    assert record["exc_info"]


@pytest.mark.attack("ask to be kept waiting for ever: `max_wait` of 1e9, 1e308, -1", outcome="20 s at most")
@pytest.mark.parametrize(
    ("asked", "given"),
    [("5", 5.0), ("0", 0.0), ("1e9", LONGEST_WAIT), ("1e308", LONGEST_WAIT), ("-1", 0.0)],
)
def test_no_call_parks_longer_than_the_contract_says(asked: str, given: float) -> None:
    """Whatever a caller asks for, its thread is back after 20 s."""
    bench = Bench(lambda verb, request: request and DONE)

    bench.ask("outcome", f'{{"revision": 1, "max_wait": {asked}}}')

    ((_, request, _),) = bench.desk.asked
    assert isinstance(request, requests.Outcome)
    assert request.max_wait == given


def test_every_request_that_can_park_is_bounded() -> None:
    """A verb that gets a ``max_wait`` one day must be listed at the gate, too."""
    bench = Bench(lambda verb, request: DONE)
    for verb in VERBS.values():
        fields = verb.request.__dataclass_fields__
        if "max_wait" in fields:
            needed = {"revision": 1} if "revision" in fields else {"module": "m"} if verb.name == "logs" else {}
            bench.ask(verb.name, json.dumps({"max_wait": 1e9} | needed))
            assert getattr(bench.desk.asked[-1][1], "max_wait") == LONGEST_WAIT, verb.name  # noqa: B009 - of several types


def test_a_question_in_the_same_words_is_the_same_question() -> None:
    """It is understood once; who asks is looked at each time. Nothing of it can be changed by who answers it."""
    bench = Bench(lambda *_: VERSION)
    for verb in VERBS.values():
        if not verb.changes:
            for _ in range(2):
                bench.ask(verb.name, json.dumps(_needed(verb.name)))
            (_, one, _), (_, two, _) = bench.desk.asked[-2:]
            assert one is two and isinstance(hash(one), int), verb.name

    bench.gate.roles = Roles(viewers=["*"])
    assert bench.ask("errors", '{"module": "m"}')["error"]["code"] == "not-permitted"


def test_a_long_question_is_not_remembered() -> None:
    """What anybody may send takes no room for longer than it takes to answer it."""
    bench = Bench()
    for _ in range(2):
        bench.ask("status", json.dumps({"module": "m" * LONGEST_KNOWN}))
    (_, one, _), (_, two, _) = bench.desk.asked
    assert one == two and one is not two


def _needed(verb: str) -> dict[str, Any]:
    fields = VERBS[verb].request.__dataclass_fields__
    return {name: value for name, value in (("module", "m"), ("revision", 1), ("generation", 1)) if name in fields}


def test_a_change_stands_in_the_audit_trail() -> None:
    """Who, verb, arguments, outcome; also of one that failed."""

    def answer(verb: object, request: requests.Request) -> object:
        if isinstance(request, requests.Scale) and request.replicas < 0:
            raise UnknownModule("no")
        return views.Change(3, (), "promoted")

    bench = Bench(answer)
    bench.ask("scale", '{"module": "m", "replicas": 2}')
    bench.ask("scale", '{"module": "m", "replicas": -2}')
    bench.ask("reload", "no json")

    first, second, third = bench.log.of("control.call")
    assert (first["uid"], first["verb"], first["outcome"]) == (4_000_000, "scale", "promoted")
    assert '"replicas":2' in first["arguments"]
    assert second["outcome"] == "unknown-module"
    assert (third["outcome"], third["arguments"]) == ("bad-request", '"no json"'), "as it came"


def test_a_long_request_is_cut_short_in_the_audit_trail() -> None:
    """Nobody can fill the log with one call."""
    bench = Bench()

    bench.ask("reload", json.dumps({"reason": "x" * 100_000}))

    (call,) = bench.log.of("control.call")
    assert len(call["arguments"]) == LONGEST_ARGUMENTS


@pytest.mark.attack(
    "numbers that JSON does not have, to be refused, or to change something, without a line in the audit trail",
    outcome="refused, and the line has them as they came",
)
@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_no_number_keeps_a_call_out_of_the_audit_trail(number: str) -> None:
    """Neither a change nor a refusal; and its caller is answered."""
    bench = Bench()
    assert "is no number" in bench.ask("run", f'{{"module": "m", "args": [{number}]}}')["error"]["message"]
    (call,) = bench.log.of("control.call")
    assert call["outcome"] == "bad-request" and number in call["arguments"]
    assert bench.desk.asked == []

    bench = Bench(roles=Roles(viewers=["*"]))
    text = f'{{"module": "m", "generation": 1, "deadline": {number}}}'
    assert bench.ask("drain", text)["error"]["code"] == "not-permitted"
    (refusal,) = bench.log.of("control.refused")
    assert refusal["verb"] == "drain" and number in refusal["arguments"]


@pytest.mark.parametrize("verb", ["outcome", "errors"])
def test_a_number_that_no_store_takes_is_refused_as_such(verb: str) -> None:
    """It is the caller's mistake, and no defect of ours with a traceback in the log for each."""
    bench = Bench()
    text = {"outcome": '{"revision": 9223372036854775808}', "errors": '{"module": "m", "limit": -9223372036854775808}'}

    error = bench.ask(verb, text[verb])["error"]

    assert error["code"] == "bad-request" and "beyond all numbers" in error["message"]
    assert bench.desk.asked == []


def test_looking_is_not_logged_and_a_refusal_is() -> None:
    """``status`` every second would bury the changes; a refused caller is news."""
    bench = Bench(lambda *_: VERSION, Roles(viewers=["*"]))

    bench.ask("hello")
    assert bench.log.records == []

    assert bench.ask("reload")["error"]["code"] == "not-permitted"
    (refusal,) = bench.log.of("control.refused")
    assert (refusal["uid"], refusal["verb"]) == (4_000_000, "reload")


@pytest.mark.attack(
    "be refused as often as one is answered, to fill the log, or to push others' lines out of it",
    outcome="the first of each verb is told at once, the others of a second in one line with their number",
)
def test_refusals_of_the_same_caller_and_verb_are_one_line_a_second() -> None:
    """Each counts, none is dropped; other callers' and other verbs' are told as well, and changes one by one."""
    now = [10.0]
    bench = Bench(roles=Roles(admins=["*"]), clock=lambda: now[0])
    for _ in range(3):
        bench.ask("scale", '{"module": "m", "replicas": 2}')
    assert len(bench.log.of("control.call")) == 3, "a change is never folded"

    bench.gate.roles = Roles(viewers=["*"])
    for _ in range(250):
        bench.ask("reload")
        now[0] += 0.003
    bench.ask("scale", '{"module": "m", "replicas": 2}')
    bench.gate.answer("reload", "{}", Peer(4_000_001, frozenset(), 8))
    assert [line["text"].partition(" (")[0] for line in bench.log.of("control.refused")] == [
        "uid 4000000: reload {}: not-permitted",
        'uid 4000000: scale {"module":"m","replicas":2}: not-permitted',
        "uid 4000001: reload {}: not-permitted",
    ]

    now[0] += 1.0
    bench.ask("hello")
    (last,) = bench.log.of("control.refused")[3:]
    assert last["text"] == "uid 4000000: reload {}: not-permitted, and 249 more like it within 1 s"
    assert (last["more"], last["verb"], last["uid"]) == (249, "reload", 4_000_000)


def test_names_of_verbs_that_nobody_has_are_one_kind_of_refusal() -> None:
    """Another word each time makes no line each time."""
    bench = Bench(roles=Roles())
    for number in range(100):
        bench.ask(f"x{number}")
    assert len(bench.log.of("control.refused")) == 1


def test_who_has_no_role_is_not_admitted() -> None:
    """Answered once, then cut: by whoever holds the connection."""
    assert Bench().gate.admits(PEER)
    assert not Bench(roles=Roles()).gate.admits(PEER)


def test_an_answer_longer_than_any_frame_is_refused_with_a_cure() -> None:
    """Instead of one that the client would cut off as hostile."""
    bench = Bench(lambda *_: views.Version("x" * protocol.LONGEST_ANSWER, 1, "", "", 1))

    error = bench.ask("hello")["error"]

    assert error["code"] == "refused"
    assert "64 MiB" in error["message"]
    assert error["hint"]
