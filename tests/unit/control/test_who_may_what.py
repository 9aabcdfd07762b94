"""All verbs and all roles: who is let through to the desk, and what the others are told."""

from __future__ import annotations

import json
import logging
from dataclasses import fields
from typing import Any

import pytest

from hotd.contract.verbs import VERBS, Role, Verb
from hotd.control.gate import Gate
from hotd.control.peers import Peer
from hotd.control.roles import Roles
from tests.integration.control.fakes import FakeDesk, Records

CALLER = Peer(4_000_000, frozenset({4_000_000}), 7)

ROLES = {
    "nobody": Roles(),
    "viewer": Roles(viewers=["*"]),
    "operator of m": Roles(operators={"m": ["4000000"]}),
    "operator of others": Roles(viewers=["*"], operators={"other*": ["4000000"]}),
    "operator of all": Roles(operators={"*": ["4000000"]}),
    "admin": Roles(admins=["4000000"]),
}
ADMINS = {"add", "remove", "apply", "doctor", "shutdown"}
READ = {"logs", "errors", "diff", "why", "blocking"}
GIVEN: dict[str, Any] = {
    "module": "m",
    "modules": ["m"],
    "target": "m-7",
    "revision": 1,
    "from": 1,
    "generation": 1,
    "replicas": 1,
    "until": "healthy",
    "entry": "m:work",
}
"""Values for whatever a request must have."""


def about_m(verb: Verb) -> dict[str, Any]:
    """A request that is about the module m, and about nothing else, wherever the verb can say so."""
    names = {"from" if field.name == "previous" else field.name for field in fields(verb.request)}
    dropped = {"generation"} if verb.name in ("why", "wait") else {"revision"} if verb.name == "undo" else set()
    return {name: GIVEN[name] for name in names & GIVEN.keys() - dropped}


def ask(role: str, verb: Verb, request: dict[str, Any]) -> tuple[dict[str, Any], FakeDesk, Records]:
    desk, log = FakeDesk(), Records()
    logger = logging.Logger("test")
    logger.addHandler(log)
    gate = Gate(desk, ROLES[role], "0.1.0", logger)
    return json.loads(gate.answer(verb.name, json.dumps(request), CALLER)), desk, log


def may(role: str, verb: Verb) -> bool:
    """The promise of SECURITY.md."""
    match role:
        case "nobody":
            return False
        case "viewer" | "operator of others":
            # What is under way may be theirs: the engine knows.
            theirs = role != "viewer" and verb.name == "abort"
            return verb.role is Role.VIEWER or theirs
        case "operator of m" | "operator of all":
            return verb.name not in ADMINS
        case _:
            return True


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
@pytest.mark.parametrize("role", ROLES)
def test_every_verb_asks_for_its_role(role: str, verb: Verb) -> None:
    """Who may is answered. Who may not is told who it is, what it asked, which role that needs; it is written down."""
    answer, desk, log = ask(role, verb, about_m(verb))

    if may(role, verb):
        assert "error" not in answer
        assert [name for name, _, _ in desk.asked] == [verb.name]
        assert log.of("control.refused") == []
        return
    error = answer["error"]
    assert desk.asked == [] and error["code"] == "not-permitted" and error["hint"]
    needed = verb.role.name.lower() if role != "operator of others" or verb.name in ADMINS else "operator of m"
    assert error["message"].startswith(f"uid 4000000 may not {verb.name}")
    assert f": that needs the role {needed}, and this caller has " in error["message"]
    (line,) = log.of("control.refused")
    said = [line[field] for field in ("uid", "pid", "verb", "outcome")]
    assert said == [4_000_000, 7, verb.name, "not-permitted"]
    assert (not about_m(verb)) or line["arguments"] != "{}"


def test_the_verbs_that_read_whats_inside_are_not_a_viewers() -> None:
    """Sources, logs, errors, stacks; and nothing that changes anything."""
    assert {verb.name for verb in VERBS.values() if verb.role is Role.OPERATOR and not verb.changes} == READ
    assert {verb.name for verb in VERBS.values() if verb.changes and verb.role is Role.VIEWER} == set()
    assert {verb.name for verb in VERBS.values() if verb.role is Role.ADMIN} >= ADMINS


def test_all_modules_at_once_are_not_an_operators() -> None:
    """``--all``, and what means the whole daemon where no module is named."""
    for name, request in (("reload", {"all": True}), ("check", {"all": True}), ("pause", {}), ("deploy", {})):
        error = ask("operator of m", VERBS[name], request)[0]["error"]
        assert f"may not {name} all modules at once: that needs the role admin" in error["message"]
        assert "error" not in ask("operator of all", VERBS[name], request)[0]


def test_one_foreign_module_refuses_all() -> None:
    """Nothing is done by halves."""
    answer, desk, _ = ask("operator of m", VERBS["reload"], {"modules": ["m", "billing"]})

    assert "may not reload billing" in answer["error"]["message"]
    assert desk.asked == []


def test_who_has_no_role_does_not_learn_which_verbs_there_are() -> None:
    """And the attempt stands in the log, harmless on a terminal."""
    nobody = Gate(FakeDesk(), ROLES["nobody"], "0.1.0", logging.Logger("test"))

    error = json.loads(nobody.answer("stauts\x1b[2J", "{}", CALLER))["error"]

    assert error["code"] == "not-permitted"
    assert "\x1b" not in error["message"] and "did you mean" not in error["message"]


def test_who_may_not_ask_is_told_that_before_its_request_is_judged() -> None:
    """And what was sent is kept, also where it cannot be read."""
    answer, _, log = ask("viewer", VERBS["scale"], {"modul": "m"})

    assert answer["error"]["code"] == "not-permitted"
    (line,) = log.of("control.refused")
    assert "modul" in line["arguments"]
