"""One verb, one file on each side, of the same name."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from hotd.contract import requests
from hotd.contract.verbs import VERBS


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_has_its_file_on_either_side(name: str) -> None:
    """A gap in the table of verbs is a failure here, not at a user's terminal."""
    file = name.replace("-", "_")
    assert importlib.util.find_spec(f"hotd.engine.verbs.{file}")
    assert importlib.util.find_spec(f"hotctl.commands.{'version' if name == 'hello' else file}")
    assert VERBS[name].request.__name__.lower() == name.replace("-", "")


def test_every_request_belongs_to_a_verb() -> None:
    """No request without a verb."""
    assert {verb.request for verb in VERBS.values()} == set(requests.Request.__args__)


TOLD = re.compile(r"(?:`|\(|\$ |hint=f?\")hotctl ([a-z][a-z-]*)")
REPO = Path(__file__).parents[2]
TEXTS = [
    *(REPO / "daemon").rglob("*.py"),
    *(REPO / "ctl").rglob("*.py"),
    *(REPO / "daemon").rglob("*.toml"),
    *(REPO / "systemd").iterdir(),
    *REPO.glob("*.md"),
]


def test_whatever_command_a_text_tells_to_type_exists() -> None:
    """A hint, a comment of the example or the README never sends anybody to a verb that is not there."""
    known = {*VERBS, "version", "proxy", "health", "list"} - {"hello"}
    told = {(path.name, verb) for path in TEXTS for verb in TOLD.findall(path.read_text("utf-8"))}
    assert len(told) > 20, "the pattern still finds them"
    assert {(name, verb) for name, verb in told if verb not in known} == set()
