"""Views and requests to JSON-able values and back.

A small codec of our own: the shapes are dataclasses of plain fields, and a library would cost the client more
start-up time than the whole exchange takes.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union

from hotd.contract.errors import BadRequest

T = TypeVar("T")

RENAMED = {"previous": "from"}
"""Fields that the interface names with a word Python reserves; only where the class says so below."""
_WITH_FROM = {"RevisionModule", "Diff"}


def encode(value: Any) -> Any:
    """Dataclasses to dicts, tuples to lists, everything else as it is. Raises TypeError on what JSON cannot say."""
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    return {name: encode(item) for name, item in _opened(value).items()}


def decode(kind: type[T], data: Any, *, strict: bool = False, where: str = "") -> T:
    """The value of type ``kind`` that ``data`` describes.

    ``strict`` refuses unknown fields (requests: a misspelt one must not be silently ignored); otherwise they are
    skipped (answers: a newer daemon may say more). Raises BadRequest naming the field.
    """
    return typing.cast(T, _decode(kind, data, strict, where or kind.__name__.lower()))


def to_text(value: Any) -> str:
    """What ``encode`` gives, as one JSON text, in one walk and that mostly in C: a daemon does it for every answer.

    ASCII only: lone surrogates of file names survive as escapes, brine never sees them.
    """
    return _WRITER.encode(value)


def to_text_around(value: Any, written: Mapping[str, str]) -> str:
    """The text of a dataclass of which some fields are texts already: ``to_text`` of what is there, by attribute."""
    kind: Any = type(value)
    texts = (
        f'"{name}":{written[attribute] if attribute in written else to_text(getattr(value, attribute))}'
        for attribute, name in _written(kind) or ()
    )
    return "{" + ",".join(texts) + "}"


def list_text(texts: Iterable[str]) -> str:
    """The text of a list of what is written already."""
    return "[" + ",".join(texts) + "]"


def parse_text(text: object, *, what: str = "request") -> dict[str, Any]:
    """The JSON object in ``text``; all numbers are finite. Raises BadRequest with a sentence."""
    if not isinstance(text, str):
        raise BadRequest(f"a {what} is one JSON text, not {_name_of(text)}")
    try:
        data = _FINITE.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the {what} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadRequest(f"a {what} is a JSON object, not {_name_of(data)}")
    return data


def _finite(number: str) -> float:
    """JSON has no others. What is read can be written again: in the audit trail, by ``--json``."""
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number} is no number")
    return value


_FINITE = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def _opened(value: Any) -> Any:
    """One step of ``encode``, for what JSON's own encoder does not know."""
    kind: Any = type(value)
    if (names := _written(kind)) is not None:
        return {name: getattr(value, attribute) for attribute, name in names}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, enum.Enum):
        return value.value
    raise TypeError(f"{kind.__name__} cannot be written as JSON")


_WRITER = json.JSONEncoder(
    ensure_ascii=True, separators=(",", ":"), allow_nan=False, check_circular=False, default=_opened
)


@functools.cache
def _written(kind: type) -> tuple[tuple[str, str], ...] | None:
    """(attribute, name on the wire) of a dataclass; None for what is none."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple((field.name, _wire_name(kind, field.name)) for field in dataclasses.fields(kind))


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, str, Any, frozenset[type], bool], ...]:
    """(attribute, name on the wire, type, what needs no second look, required) of a dataclass."""
    hints = typing.get_type_hints(kind)
    missing = dataclasses.MISSING
    return tuple(
        (
            f.name,
            _wire_name(kind, f.name),
            hints[f.name],
            _as_they_are(hints[f.name]),
            f.default is missing and f.default_factory is missing,
        )
        for f in dataclasses.fields(kind)
    )


def _as_they_are(hint: Any) -> frozenset[type]:
    """The types of data that are the value already; most of an answer is."""
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)
    return frozenset(kind for kind in kinds if kind in (str, int, float, bool, type(None)))


def _wire_name(kind: type, attribute: str) -> str:
    return RENAMED.get(attribute, attribute) if kind.__name__ in _WITH_FROM else attribute


def _decode(kind: Any, data: Any, strict: bool, where: str) -> Any:
    form, arguments = _form(kind)
    if form is _DATACLASS:
        return _decode_dataclass(kind, data, strict, where)
    if form is Literal:
        return _decode_literal(arguments, data, where)
    if form is Union:
        return _decode_optional(arguments, data, strict, where)
    if form is tuple:
        if not isinstance(data, list):
            raise BadRequest(f"{where} is a list, not {_name_of(data)}")
        (item, _) = arguments
        return tuple([_decode(item, entry, strict, f"{where}[{n}]") for n, entry in enumerate(data)])
    if form is dict:
        if not isinstance(data, dict):
            raise BadRequest(f"{where} is an object, not {_name_of(data)}")
        return data
    return _decode_plain(kind, data, where)


_DATACLASS = object()


@functools.cache
def _form(kind: Any) -> tuple[object, tuple[Any, ...]]:
    """What a type is made of, and of which others: asked once of each, for ``typing`` takes its time."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _DATACLASS, ()
    origin = typing.get_origin(kind)
    return Union if origin is types.UnionType else origin, typing.get_args(kind)


def _decode_dataclass(kind: type, data: Any, strict: bool, where: str) -> Any:
    if not isinstance(data, dict):
        raise BadRequest(f"{where} is an object, not {_name_of(data)}")
    values = {}
    for attribute, name, hint, same, required in _fields(kind):
        if name in data:
            item = data[name]
            values[attribute] = item if type(item) in same else _decode(hint, item, strict, f"{where}.{name}")
        elif required:
            raise BadRequest(f"{where} lacks the field {name!r}")
    if strict:
        known = [name for _, name, *_ in _fields(kind)]
        for name in data:
            if name not in known:
                raise BadRequest(f"{where} has no field {name!r}; it has {_listed(known)}")
    return kind(**values)


def _decode_literal(choices: Sequence[Any], data: Any, where: str) -> Any:
    if data not in choices:
        raise BadRequest(f"{where} is one of {_listed(choices)}, not {data!r}")
    return data


def _decode_optional(choices: Sequence[Any], data: Any, strict: bool, where: str) -> Any:
    """Our unions are ``X | None``."""
    (kind,) = (choice for choice in choices if choice is not type(None))
    return None if data is None else _decode(kind, data, strict, where)


def _decode_plain(kind: Any, data: Any, where: str) -> Any:
    if kind is Any:
        return data
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        try:
            return float(data)
        except OverflowError:
            raise BadRequest(f"{where} is a number, but not such a great one") from None
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise BadRequest(f"{where} is {_article(kind)}, not {_name_of(data)}")
    return data


_NAMES: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def _article(kind: type) -> str:
    return _NAMES[kind]


def _name_of(data: Any) -> str:
    return _NAMES.get(type(data), type(data).__name__)


def _listed(items: Sequence[Any]) -> str:
    return ", ".join(map(str, items)) or "none"
