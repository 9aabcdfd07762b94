"""Views and requests survive the wire; what is no request is refused with a sentence that names the field."""

from __future__ import annotations

import dataclasses
import enum
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotd.contract import codec
from hotd.contract.errors import BadRequest
from hotd.contract.requests import Diff, Reload, Scale, Status
from hotd.contract.verbs import VERBS
from hotd.contract.views import ErrorView, Events, Health, RevisionModule
from tests.contract.shapes import values_of

KINDS = sorted({verb.request for verb in VERBS.values()} | {verb.answer for verb in VERBS.values()}, key=repr)


@given(st.sampled_from(KINDS).flatmap(values_of))
def test_whatever_is_written_is_read_back_equal(value: Any) -> None:
    """What the daemon says is what the client has, for every request and every view there is."""
    text = codec.to_text(value)

    assert codec.decode(type(value), json.loads(text), strict=True) == value
    assert text.isascii(), "brine cannot encode lone surrogates; as escapes they are plain letters"


@given(st.sampled_from(KINDS).flatmap(values_of))
def test_a_text_is_what_the_values_are(value: Any) -> None:
    """Written in one walk, mostly in C, and the same as step by step."""
    assert json.loads(codec.to_text(value)) == codec.encode(value)


@given(st.sampled_from(KINDS).flatmap(values_of), st.sets(st.integers(0, 30)))
def test_what_is_written_already_can_be_put_in_as_it_is(value: Any, chosen: set[int]) -> None:
    """Whichever fields of an answer were kept as texts, a client reads the same, letter by letter."""
    names = [field.name for number, field in enumerate(dataclasses.fields(value)) if number in chosen]
    written = {name: codec.to_text(getattr(value, name)) for name in names}

    assert codec.to_text_around(value, written) == codec.to_text(value)


@given(st.lists(values_of(ErrorView)))
def test_a_list_can_be_put_together_of_what_is_written_already(values: list[Any]) -> None:
    """Letter by letter the same as in one walk."""
    assert codec.list_text(map(codec.to_text, values)) == codec.to_text(values)


def test_previous_is_from_on_the_wire_where_the_interface_says_so() -> None:
    """Python reserves the word that the history uses."""
    said = {"module": "long_op", "from": 1, "to": 2}
    assert codec.encode(RevisionModule("long_op", 1, 2)) == {**said, "reloaded": []}
    assert codec.encode(Diff("long_op", 1, 2)) == said
    assert codec.decode(Diff, said, strict=True) == Diff("long_op", 1, 2)


def test_a_newer_daemon_may_say_more() -> None:
    """Unknown fields of an answer are skipped: fields may be added."""
    assert codec.decode(Scale, {"module": "m", "replicas": 2, "mood": "good"}) == Scale("m", 2)


def test_a_misspelt_field_of_a_request_is_never_ignored() -> None:
    """Who writes ``forse`` means something by it."""
    with pytest.raises(BadRequest, match="has no field 'modul'; it has module"):
        codec.decode(Status, {"modul": "x"}, strict=True)


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        (Scale, [], "scale is an object, not a list"),
        (Scale, {"module": "m"}, "scale lacks the field 'replicas'"),
        (Scale, {"module": 1, "replicas": 1}, "scale.module is a text, not a whole number"),
        (Scale, {"module": "m", "replicas": "2"}, "scale.replicas is a whole number, not a text"),
        (Scale, {"module": "m", "replicas": True}, "scale.replicas is a whole number, not true or false"),
        (Scale, {"module": "m", "replicas": 1.5}, "scale.replicas is a whole number, not a number"),
        (Reload, {"all": 1}, "reload.all is true or false, not a whole number"),
        (Reload, {"modules": "m"}, "reload.modules is a list, not a text"),
        (Reload, {"modules": ["m", None]}, r"reload.modules\[1\] is a text, not null"),
        (Reload, {"max_wait": True}, "reload.max_wait is a number, not true or false"),
        (Reload, {"max_wait": 10**400}, "reload.max_wait is a number, but not such a great one"),
        (Health, "Poorly", "one of Healthy, Progressing, Degraded, not 'Poorly'"),
        (dict[str, int], [], "is an object, not a list"),
    ],
)
def test_a_wrong_value_is_refused_by_name(kind: Any, data: object, sentence: str) -> None:
    """The sentence says which field, what it is to be, and what came."""
    with pytest.raises(BadRequest, match=sentence):
        codec.decode(kind, data, strict=True, where="" if isinstance(kind, type) else "value")


def test_a_whole_number_is_a_number() -> None:
    """``max_wait: 5`` is five seconds."""
    request = codec.decode(Reload, {"max_wait": 5})

    assert request.max_wait == 5.0
    assert isinstance(request.max_wait, float)


def test_a_request_without_fields_says_that_there_are_none() -> None:
    """The list of known fields is never just empty."""
    with pytest.raises(BadRequest, match="it has none"):
        codec.decode(VERBS["hello"].request, {"x": 1}, strict=True)


def test_open_fields_pass_as_they_are() -> None:
    """The facts of an event are whatever the event needs."""
    page = {"events": [{"seq": 1, "at": "t", "event": "e", "fields": {"a": [1, None]}}], "next": 1, "lost": 0}

    assert codec.decode(Events, page).events[0].fields == {"a": [1, None]}


class Colour(enum.Enum):
    RED = "red"


def test_an_enum_is_its_value_and_a_mapping_an_object() -> None:
    """Names of states are words on the wire."""
    said = {1: Colour.RED, "x": (1, [2])}
    assert codec.encode(said) == {"1": "red", "x": [1, [2]]}
    assert codec.to_text(said) == '{"1":"red","x":[1,[2]]}'


@dataclass(frozen=True)
class Holder:
    value: object


def test_what_json_cannot_say_is_an_error_at_the_sender() -> None:
    """Never a half-true answer."""
    for value in (object(), {1, 2}, b"x", Holder, Holder(object())):
        with pytest.raises(TypeError, match="cannot be written as JSON"):
            codec.encode(value)
        with pytest.raises(TypeError, match="cannot be written as JSON"):
            codec.to_text(value)
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.to_text(Holder(float("nan")))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"{}", "one JSON text, not bytes"),
        (None, "one JSON text, not null"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("9" * 5000, "is not JSON"),
        ("[]", "is a JSON object, not a list"),
        ("null", "is a JSON object, not null"),
    ],
)
def test_what_is_no_json_object_is_refused(text: object, sentence: str) -> None:
    """Also what would overrun the stack or the limit of digits."""
    with pytest.raises(BadRequest, match=sentence):
        codec.parse_text(text)


def test_optional_texts_may_be_null() -> None:
    """``hint: null`` is no hint."""
    assert codec.decode(ErrorView, {"code": "x", "message": "y", "hint": None}).hint is None
