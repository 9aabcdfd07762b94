"""``hotctl add`` and ``hotctl remove``."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotctl.commands.add import option
from hotd.contract import requests, views
from tests.unit.hotctl_cli.desk import hotctl
from tests.unit.hotctl_view import samples as given

DRAINS = given.change(given.changed("in-flight", note="late-1 to end; then it goes"), revision=None)
GONE = given.change(given.changed("done", note="is hosted no more"), revision=None)


def test_a_root_is_where_the_caller_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where the daemon does."""
    monkeypatch.chdir(tmp_path)
    ran = hotctl("add", "a", "--entry", "m:M", "--root", "ops", answers={requests.Add: given.change(given.changed())})
    (asked,) = ran.asked
    assert isinstance(asked, requests.Add) and asked.roots == (str(tmp_path / "ops"),)


def test_what_is_rejected_is_said_to_stay() -> None:
    """With the way out."""
    change = given.change(given.changed("rejected", generation=None, previous=None, error=given.ERROR))
    ran = hotctl("add", "late", "--entry", "m:M", answers={requests.Add: change})
    assert ran.status == 3
    assert "late is hosted all the same, and is loaded when the file is corrected; hotctl remove late" in ran.err


def test_an_option_is_a_line_of_toml_or_text() -> None:
    """Whoever types ``on_change=stop`` means what hotd.toml calls "stop"."""
    assert option("surge=1") == ("surge", 1) and option('watch = "manual"') == ("watch", "manual")
    assert option("on_change=stop") == ("on_change", "stop")
    ran = hotctl("add", "late", "--entry", "m:M", "--set", "surge")
    assert ran.status == 2 and "is no KEY=VALUE" in ran.err


def test_a_removal_is_waited_for_to_its_deadline() -> None:
    """Then it goes on by itself, and the status says that it is not done."""
    ran = hotctl("remove", "late", answers={requests.Remove: [DRAINS, DRAINS, GONE]})
    assert (ran.status, ran.out) == (0, "late_op: is hosted no more\n".replace("late_op", "long_op"))
    waits = [one.max_wait for one in ran.asked if isinstance(one, requests.Remove)]
    assert waits[0] == 0.0 and waits[1:] == [requests.LONGEST_WAIT] * 2
    ran = hotctl("remove", "late", "--timeout", "0s", answers={requests.Remove: DRAINS})
    assert ran.status == 4 and "late-1 to end; then it goes" in ran.err and len(ran.asked) == 1


def test_ctrl_c_leaves_the_removal_to_the_daemon() -> None:
    """And says so."""
    ran = hotctl("remove", "late", answers={requests.Remove: [DRAINS, KeyboardInterrupt()]})
    assert ran.status == 130 and "late goes as soon as its instances have ended" in ran.err


def test_status_marks_what_was_added_and_what_is_going() -> None:
    """With the verb that takes it back."""
    added = given.module("late", added=True)
    text = hotctl("status", answers={requests.Status: given.status(added)}).out
    assert "added: hotd.toml knows nothing of it  hotctl remove late" in text
    going = given.module("late", added=True, leaving=True, stopped=True)
    text = hotctl("status", answers={requests.Status: given.status(going)}).out
    assert "being removed: it goes when its instances have ended  hotctl remove late" in text
    assert "hotctl start late" not in text and "added:" not in text
    assert isinstance(added, views.ModuleView)
