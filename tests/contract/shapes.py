"""Hypothesis strategies for anything that crosses the wire, derived from the dataclasses themselves."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal, Union

from hypothesis import strategies as st

texts = st.text(st.characters(), max_size=20)  # lone surrogates too: a file name may hold them
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Every value that a field of this type may hold."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{f.name: values_of(hints[f.name]) for f in dataclasses.fields(kind)})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(values_of(choice) for choice in arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(texts, json_values, max_size=3)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        Any: json_values,
        str: texts,
        int: st.integers(),
        float: numbers,
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[kind]
