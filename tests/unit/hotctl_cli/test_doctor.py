"""``hotctl doctor``, ``health`` and ``list``: from this side."""

from __future__ import annotations

import json
from dataclasses import replace

from hotctl.view import plain
from hotctl.view.doctor import doctor
from hotd.contract import requests, views
from hotd.contract.errors import NotPermitted, Unreachable
from hotd.contract.views import Finding
from tests.unit.hotctl_cli.desk import Ran, hotctl
from tests.unit.hotctl_view import samples as given

OK = Finding("store", "ok", "keeps what it is given")
NOTE = Finding("watching", "note", "paused", "`hotctl resume`")
WRONG = Finding("socket", "wrong", "everyone can connect", "chmod it")


def asked(*findings: Finding, version: str = "") -> Ran:
    from hotd import __version__

    hello = views.Version(version or __version__, 1, "3.11", "python", 1)
    return hotctl("doctor", answers={requests.Hello: hello, requests.Doctor: views.Doctor(findings)})


def test_what_is_wrong_comes_first_each_with_its_cure() -> None:
    """And a line that says how much there is of it."""
    ran = asked(OK, NOTE, WRONG)
    lines = ran.out.splitlines()
    assert ran.status == 7
    assert lines[:4] == [
        "note: watching: paused",
        "    cure: `hotctl resume`",
        "wrong: socket: everyone can connect",
        "    cure: chmod it",
    ]
    assert lines[4].startswith("hotctl: hotctl ") and lines[5] == "store: keeps what it is given"
    assert lines[-1] == "1 thing wrong, 1 thing to know"
    assert plain.draw(doctor(views.Doctor(()))) == "\nnothing is wrong\n"


def test_what_is_only_to_be_known_is_no_failure() -> None:
    """Scripts go on."""
    assert asked(OK, NOTE).status == 0
    assert "hotctl is " in asked(OK, version="9.9").out


def test_of_a_daemon_that_does_not_answer_it_is_told_why() -> None:
    """In the words, and with the cure and the exit status, that every other command has for it."""
    away = Unreachable("no daemon at /s: there is no socket there", hint="start one")
    ran = hotctl("doctor", answers={requests.Hello: away})
    assert ran.status == 69 and ran.out.startswith("wrong: daemon: no daemon at /s: there is no socket there\n")
    ran = hotctl("--host", "ssh://there", "doctor", "--json", answers={requests.Hello: away})
    assert ran.status == 69 and json.loads(ran.out)["findings"][0]["cure"] == "start one"


def test_who_may_not_connect_is_told_how_to_get_in() -> None:
    """That is wrong for whoever asks, and scripts see it."""
    locked_out = NotPermitted("uid 7 may not use the socket /s", hint="join the group")
    ran = hotctl("doctor", answers={requests.Hello: locked_out})
    assert ran.status == 77 and "1 thing wrong" in ran.out
    assert ran.out.startswith("wrong: daemon: uid 7 may not use the socket /s\n    cure: join the group")


def test_who_may_not_ask_is_told_what_can_be_seen_from_here() -> None:
    """It is no fault of the installation."""
    refused = NotPermitted("uid 1 may not doctor", hint="ask an admin")
    hello = views.Version("0.1.0", 1, "3.11", "python", 1)
    ran = hotctl("doctor", answers={requests.Hello: hello, requests.Doctor: refused})
    assert ran.status == 0 and "the daemon's side is not told: uid 1 may not doctor" in ran.out


def test_health_is_one_line_and_an_exit_code() -> None:
    """What is wrong is named; a rejected edit over a current that serves is no failure."""
    fine = given.status(given.module())
    ran = hotctl("health", answers={requests.Status: fine})
    assert (ran.status, ran.out) == (0, "Healthy: 1 module, 2 instances\n")
    ill = given.status(given.module(), given.module("mailer", health="Degraded"), health="Degraded")
    ran = hotctl("health", answers={requests.Status: ill})
    assert (ran.status, ran.out) == (7, "Degraded: 2 modules, 4 instances; mailer is Degraded\n")
    full = views.Condition("StoreDegraded", "full", "the disk is full", "t")
    lame = replace(fine, daemon=replace(fine.daemon, health="Degraded", conditions=(full,)))
    ran = hotctl("health", "--json", answers={requests.Status: lame})
    assert (ran.status, json.loads(ran.out)["message"]) == (7, "Degraded: 1 module, 2 instances; StoreDegraded")


def test_list_is_names_only() -> None:
    """For scripts and completion."""
    view = given.status(given.module("b"), given.module("a"))
    assert hotctl("list", answers={requests.Status: view}).out == "b\na\n"
    assert json.loads(hotctl("list", "--json", answers={requests.Status: view}).out) == ["b", "a"]
