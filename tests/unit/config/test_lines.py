"""Findings say on which line a key stands."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotd.config.lines import Key, lines_of


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a = 1\nb = 2\n", ("b",), 2),
        ("# c\n\n[t] # note\n  b = 2", ("t", "b"), 4),
        ("[t]\n", ("t",), 1),
        ("[a.b]\nc = 1", ("a",), 1),
        ("[a.b]\nc = 1", ("a", "b", "c"), 2),
        ("x = 1\na.b.c = 1", ("a", "b", "c"), 2),
        ('[modules."a.b"]\nentry = "x"', ("modules", "a.b", "entry"), 2),
        ("[modules.'a b']\nentry = 'x'", ("modules", "a b", "entry"), 2),
        ('"\\u0061" = 1', ("a",), 1),
        ("t = {a = 1, b = {c = 2}}", ("t", "b", "c"), 1),
        ("list = [\n  1,\n  2, # two\n\n  3]\nz = 1", ("list", 2), 5),
        ("list = [\n  1,\n  2, # two\n\n  3]\nz = 1", ("z",), 6),
        ("list = [{a = 1},\n {a = 2}]", ("list", 1, "a"), 2),
        ("list = [[\n1], [\n2]]", ("list", 1, 0), 3),
        ('text = """\n[t]\nb = 1\\"""\n"""\nz = 1', ("z",), 5),
        ('text = """a"""""\nz = 1', ("z",), 2),
        ('text = """"a"""\nz = 1', ("z",), 2),
        ("text = '''\n[t]\n'''''\nz = 1", ("z",), 4),
        ('text = "a # b [ \\" ="\nz = 1', ("z",), 2),
        ("date = 1979-05-27 07:32:00.5\nfloat = -1.5e3\nz = 1", ("z",), 3),
        ("[[many]]\na = 1\n", ("many", "a"), 2),
        ("a = 1\r\nb = 2\r\n", ("b",), 2),
    ],
)
def test_a_key_stands_on_its_line(text: str, key: Key, line: int) -> None:
    """However a key may be written, its line is found."""
    tomllib.loads(text)
    assert lines_of(text)[key] == line


VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=5), st.dates()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.booleans())
def test_every_key_that_tomllib_finds_has_a_line(document: dict[str, Any], tables: bool) -> None:
    """No key of a valid file is without its line, and none is invented."""
    text = _toml(document, tables)
    assert set(lines_of(text)) == set(_keys(tomllib.loads(text)))


def _toml(document: dict[str, Any], tables: bool) -> str:
    plain = [f"{_text(key)} = {_value(value)}" for key, value in document.items() if not (tables and _is_table(value))]
    for key, table in document.items():
        if tables and _is_table(table):
            plain += [f"[{_text(key)}]", *(f"{_text(k)} = {_value(v)} # = [" for k, v in table.items())]
    return "\n".join(plain)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case list():
            return "[ # ]\n" + ",\n".join(_value(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{_text(key)} = {_value(item)}" for key, item in value.items()) + "}"
        case _:
            return str(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _keys(value: Any, key: Key = ()) -> list[Key]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [key] if key else []
    return own + [found for name, item in inner for found in _keys(item, (*key, name))]
