"""``hotctl doctor``, ``health`` and ``list``: from this side."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from hotctl.transport.looking import looked_at
from hotctl.view import plain
from hotctl.view.doctor import doctor
from hotd.contract import requests, views
from hotd.contract.errors import NotPermitted, Unreachable
from hotd.contract.views import Finding
from tests.support.daemons import folder_for_sockets
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


def test_a_daemon_that_does_not_answer_is_looked_at_from_here(tmp_path: Path) -> None:
    """Why, as far as can be seen, and the exit status of the failure."""
    away = Unreachable("no daemon", hint="start one")
    path = str(tmp_path / "s")
    ran = hotctl("--socket", path, "doctor", answers={requests.Hello: away})
    assert ran.status == 69 and ran.out.startswith(f"wrong: socket: no daemon has a socket at {path}")
    ran = hotctl("--host", "ssh://there", "doctor", "--json", answers={requests.Hello: away})
    assert ran.status == 69 and json.loads(ran.out)["findings"][0]["cure"] == "start one"


def test_who_may_not_ask_is_told_what_can_be_seen_from_here() -> None:
    """It is no fault of the installation."""
    refused = NotPermitted("uid 1 may not doctor", hint="ask an admin")
    hello = views.Version("0.1.0", 1, "3.11", "python", 1)
    ran = hotctl("doctor", answers={requests.Hello: hello, requests.Doctor: refused})
    assert ran.status == 0 and "the daemon's side is not told: uid 1 may not doctor" in ran.out


def test_a_socket_says_why_nobody_is_there(tmp_path: Path) -> None:
    """Missing, no socket, left behind; or all is well."""
    path = str(tmp_path / "s")
    assert "no daemon has a socket at" in looked_at(path).message
    assert "(nor at /a)" in looked_at(path, ["/a", path]).message
    Path(path).write_text("")
    assert looked_at(path).message == f"{path} is no socket"
    Path(path).unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        assert "its daemon has ended" in looked_at(path).message
        listener.listen()
        assert looked_at(path).state == "ok"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_is_locked_out_reads_which_group_lets_in() -> None:
    """With the command."""
    with folder_for_sockets() as folder, socket.socket(socket.AF_UNIX) as listener:
        folder.chmod(0o755)
        path = str(folder / "s")
        listener.bind(path)
        listener.listen()
        for mode, words in ((0o660, "usermod -aG"), (0o600, 'mode = "0660"')):
            Path(path).chmod(mode)
            assert words in (seen_by_nobody(path).cure or "")
        folder.chmod(0o700)
        assert "may not enter" in seen_by_nobody(path).message


def seen_by_nobody(path: str) -> Finding:
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        return looked_at(path)
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


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
