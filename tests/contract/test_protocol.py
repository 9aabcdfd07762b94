"""The envelope: one text each way, with the protocol number in both."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotd.contract import codec, protocol
from hotd.contract.errors import HotdError, Internal, ProtocolMismatch, SyntaxRejected, UnknownModule
from hotd.contract.requests import Status
from hotd.contract.verbs import VERBS, Verb
from hotd.contract.views import Version
from tests.contract.shapes import json_values, values_of

VERSION = Version("0.1.0", 1, "3.11.7", "/usr/bin/python3", 42)


@given(st.sampled_from(sorted(VERBS)).flatmap(lambda name: st.tuples(st.just(name), values_of(VERBS[name].request))))
def test_a_request_arrives_as_it_was_sent(pair: tuple[str, Any]) -> None:
    """For every verb and every request."""
    name, request = pair

    assert protocol.read_request(VERBS[name], protocol.request_text(request, version="0.1.0")) == request


@given(st.sampled_from(sorted(VERBS)).flatmap(lambda name: values_of(VERBS[name].answer)))
def test_an_answer_arrives_as_it_was_sent(answer: Any) -> None:
    """For every view."""
    assert protocol.read_answer(type(answer), protocol.answer_text(answer, version="0.1.0")) == answer


def test_what_of_an_answer_is_written_already_arrives_like_the_rest() -> None:
    """A daemon keeps what it says again and again."""
    text = protocol.answer_text(VERSION, version="0.1.0", written={"python": '"3.13.1"'})

    assert text == protocol.answer_text(replace(VERSION, python="3.13.1"), version="0.1.0")


@given(st.sampled_from(sorted(VERBS.values(), key=lambda verb: verb.name)), json_values)
def test_no_text_makes_the_reader_fail_otherwise_than_by_an_error_of_ours(verb: Verb, data: Any) -> None:
    """Whatever a stranger sends, the daemon and the client have a sentence for it."""
    for text in (json.dumps(data), json.dumps({"protocol": 1, "args": data, "answer": data, "error": data})):
        with contextlib.suppress(HotdError):
            protocol.read_request(verb, text)
        with contextlib.suppress(HotdError):
            protocol.read_answer(verb.answer, text)


def test_a_stock_client_needs_no_envelope() -> None:
    """``root.status()`` and ``root.status('{"module": "long_op"}')``, typed by hand, both work."""
    assert protocol.read_request(VERBS["status"], "{}") == Status()
    assert protocol.read_request(VERBS["status"], '{"module": "long_op"}') == Status("long_op")


def test_arguments_may_be_left_out() -> None:
    """A request of nothing but its protocol number has all defaults."""
    assert protocol.read_request(VERBS["status"], '{"protocol": 1}') == Status()


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_protocol_is_told_with_both_numbers(number: object) -> None:
    """One sentence names both sides; nobody guesses."""
    text = json.dumps({"protocol": number, "version": "9.9", "args": {}})

    with pytest.raises(
        ProtocolMismatch, match=r"the client \(hotd 9.9\) speaks protocol .*, the daemon speaks protocol 1"
    ):
        protocol.read_request(VERBS["status"], text)


def test_an_answer_of_another_protocol_is_refused() -> None:
    """Also without a version to name."""
    with pytest.raises(ProtocolMismatch, match="the daemon speaks protocol 2"):
        protocol.read_answer(Version, '{"protocol": 2, "answer": {}}')


def test_an_error_arrives_as_the_exception_it_was() -> None:
    """Class, sentence, cure, file, line and traceback: all that a user is to be told."""
    for left in ((), ("thread 'poller', in a.py:3 poll: still there",)):
        sent = SyntaxRejected("does not compile", hint="fix line 3", file="a.py", line=3, traceback="Traceback…")
        sent.left = left

        with pytest.raises(SyntaxRejected) as caught:
            protocol.read_answer(Version, protocol.error_text(sent, version="0.1.0"))

        assert {"left": (), **vars(caught.value)} == vars(sent)


def test_an_error_is_told_whatever_protocol_its_sender_speaks() -> None:
    """The mismatch that an old daemon reports must not be hidden by the mismatch of its report."""
    with pytest.raises(ProtocolMismatch, match="speaks protocol 1"):
        protocol.read_answer(
            Version, '{"protocol": 0, "error": {"code": "protocol-mismatch", "message": "speaks protocol 1"}}'
        )


def test_an_error_of_a_newer_daemon_is_still_an_error() -> None:
    """An unknown code is a plain HotdError with the sentence it came with."""
    with pytest.raises(HotdError, match="the moon is wrong") as caught:
        protocol.read_answer(Version, '{"protocol": 1, "error": {"code": "moon", "message": "the moon is wrong"}}')

    assert type(caught.value) is HotdError


def test_an_answer_of_nothing_is_refused() -> None:
    """No silence is taken for success."""
    with pytest.raises(ProtocolMismatch, match="neither an answer nor an error"):
        protocol.read_answer(Version, '{"protocol": 1}')


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ('{"pid": null}', "answer lacks the field 'version'"),
        ("[]", "answer is an object, not a list"),
        ("NaN", "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e999", "1e999 is no number"),
    ],
)
def test_an_answer_that_is_none_is_no_mistake_of_whoever_asked(answer: str, what: str) -> None:
    """Exit status 76 and not 2; and what is read can be printed as JSON again."""
    with pytest.raises(ProtocolMismatch, match=f"what the daemon says is not understood: .*{what}"):
        protocol.read_answer(Version, f'{{"protocol": 1, "answer": {answer}}}')
    assert codec.parse_text('{"seconds": 1.5}', what="answer") == {"seconds": 1.5}


def test_an_error_view_holds_what_the_error_holds() -> None:
    """``--json`` and the wire show the same."""
    view = protocol.error_view(UnknownModule("no module x", hint="did you mean y?"))

    assert (view.code, view.message, view.hint) == ("unknown-module", "no module x", "did you mean y?")
    assert protocol.error_view(Internal("x")).code == "internal"
