"""Texts that were sent once must be understood for ever.

The files are never edited. A new field gets a new file beside the old ones; a test that fails here means that a
script, an older hotctl or an older daemon out there fails, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hotd.contract import codec, protocol
from hotd.contract.errors import BY_CODE, HotdError
from hotd.contract.verbs import VERBS

GOLDEN = Path(__file__).parent / "golden"


def files(folder: str) -> list[Path]:
    return sorted((GOLDEN / folder).glob("*.json"))


def verb_of(path: Path) -> str:
    """``reload-all.json`` is one of ``reload``, ``make-permanent.json`` one of ``make-permanent``."""
    return max((verb for verb in VERBS if f"{path.stem}-".startswith(f"{verb}-")), key=len)


def still_says(old: Any, new: Any) -> bool:
    """Whether all that was said is said: fields may be added, never renamed, dropped or changed."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(key in new and still_says(value, new[key]) for key, value in old.items())
    if isinstance(old, list):
        return isinstance(new, list) and len(old) == len(new) and all(map(still_says, old, new))
    return bool(old == new)


@pytest.mark.parametrize("folder", ["requests", "answers"])
def test_every_verb_has_golden_texts(folder: str) -> None:
    """A verb without one could change without anybody noticing."""
    assert {verb_of(path) for path in files(folder)} == set(VERBS)


@pytest.mark.parametrize("path", files("requests"), ids=lambda path: path.stem)
def test_a_request_of_old_is_understood(path: Path) -> None:
    """With every field that it has."""
    text = path.read_text("utf-8")

    request = protocol.read_request(VERBS[verb_of(path)], text)

    said = json.loads(text)
    assert still_says(said.get("args", said), codec.encode(request))


@pytest.mark.parametrize("path", files("answers"), ids=lambda path: path.stem)
def test_an_answer_of_old_is_understood(path: Path) -> None:
    """And would be given in the same words today."""
    text = path.read_text("utf-8")

    answer: object = protocol.read_answer(VERBS[verb_of(path)].answer, text)

    assert still_says(json.loads(text)["answer"], codec.encode(answer))


def test_every_error_has_a_golden_text() -> None:
    """A code without one could change its class without anybody noticing."""
    assert {path.stem for path in files("errors")} == set(BY_CODE)


@pytest.mark.parametrize("path", files("errors"), ids=lambda path: path.stem)
def test_an_error_of_old_is_raised_as_what_it_was(path: Path) -> None:
    """Its code still means the same class."""
    text = path.read_text("utf-8")

    with pytest.raises(HotdError) as caught:
        protocol.read_answer(object, text)

    assert caught.value.code == path.stem
    assert still_says(json.loads(text)["error"], codec.encode(protocol.error_view(caught.value)))
