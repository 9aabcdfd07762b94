"""One verb, one file on each side, of the same name."""

from __future__ import annotations

import importlib.util

import pytest

from hotd.contract import requests
from hotd.contract.verbs import VERBS


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_has_its_file_on_either_side(name: str) -> None:
    """A gap in the table of verbs is a failure here, not at a user's terminal."""
    assert importlib.util.find_spec(f"hotd.engine.verbs.{name}")
    assert importlib.util.find_spec(f"hotctl.commands.{'version' if name == 'hello' else name}")
    assert VERBS[name].request.__name__.lower() == name


def test_every_request_belongs_to_a_verb() -> None:
    """No request without a verb."""
    assert {verb.request for verb in VERBS.values()} == set(requests.Request.__args__)
