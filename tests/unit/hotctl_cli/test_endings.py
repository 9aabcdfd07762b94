"""Exit statuses, errors, and streams that go away."""

from __future__ import annotations

import errno
import io
import json
from typing import Any

import pytest

from hotd.contract import requests, views
from hotd.contract.errors import BY_CODE, UnknownModule, Unreachable
from tests.unit.hotctl_cli.desk import hotctl
from tests.unit.hotctl_view import samples as given

REFUSED = given.changed("refused", error=views.ErrorView("quarantined", "was undone", "use --force"))
UNKNOWN = given.changed("refused", error=views.ErrorView("unknown-module", "no module 'x'"))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        *((given.change(given.changed(word)), 0) for word in ("promoted", "unchanged", "undone", "done", "checked")),
        *((given.change(given.changed(word)), 0) for word in ("planned", "skipped", "staged")),
        (given.change(given.changed("rejected", error=given.ERROR)), 3),
        (given.change(given.changed(), REFUSED, outcome="partial"), 4),
        (given.change(REFUSED), 5),
        (given.change(given.changed("rolled-back")), 6),
        (given.change(UNKNOWN), 66),
        (views.Change(None, (), "refused"), 5),
        (given.change(given.changed("from-the-future")), 1),
    ],
)
def test_the_outcome_is_the_exit_status(change: views.Change, status: int) -> None:
    """A script needs nothing but ``$?``; JSON or not makes no difference."""
    for flags in ((), ("--json",)):
        assert hotctl("reload", "long_op", *flags, answers={requests.Reload: change}).status == status


@pytest.mark.parametrize("code", BY_CODE)
def test_an_error_is_a_sentence_a_hint_and_its_own_status(code: str) -> None:
    """For every error there is."""
    error = BY_CODE[code]("no module 'lnog_op'", hint="did you mean 'long_op'?")
    ran = hotctl("status", answers={requests.Status: error})
    assert ran.status == BY_CODE[code].exit_status
    assert ran.err == "hotctl: no module 'lnog_op'\nhint: did you mean 'long_op'?\n"
    assert ran.out == ""


def test_an_error_with_json_is_an_object_and_a_sentence() -> None:
    """Standard output stays machine-readable also when it fails."""
    ran = hotctl("status", "--json", answers={requests.Status: UnknownModule("no module", hint="see hotctl modules")})
    assert json.loads(ran.out)["error"]["code"] == "unknown-module"
    assert ran.err.startswith("hotctl: no module\n")
    assert ran.status == 66


def test_a_rejection_with_json_is_still_the_change() -> None:
    """Rejected is an answer, not a failure to answer; its sentence is on standard error."""
    change = given.change(given.changed("rejected", generation=1, error=given.ERROR))
    ran = hotctl("reload", "long_op", "--json", answers={requests.Reload: change})
    assert json.loads(ran.out)["outcome"] == "rejected"
    assert "rejected, g1 stays current" in ran.err


def test_version_tells_its_own_side_without_a_daemon() -> None:
    """And fails all the same, as ``docker version`` does."""
    gone: dict[type, Any] = {
        requests.Hello: Unreachable("no daemon at /run/hotd/control.sock", hint="systemctl start hotd")
    }
    ran = hotctl("version", answers=gone)
    assert ran.out.startswith("hotctl 0.")
    assert "no daemon at" in ran.err
    assert ran.status == 69
    document = json.loads(hotctl("version", "--json", answers=gone).out)
    assert document["daemon"] is None
    assert document["error"]["code"] == "unreachable"


def test_a_hostile_error_cannot_move_the_cursor() -> None:
    """Standard error is a terminal too."""
    error = UnknownModule(f"no {given.HOSTILE}", hint=given.HOSTILE)
    for err in (io.StringIO(), given.Terminal()):
        ran = hotctl("status", answers={requests.Status: error}, err=err, env={"NO_COLOR": "1", "TERM": "xterm"})
        assert "\x1b" not in ran.err
        assert "[/red]\\x1b[2J" in ran.err


def test_json_is_harmless_on_a_terminal_too() -> None:
    """``--json`` on a screen shows escapes instead of obeying them."""
    ran = hotctl("status", "--json", answers={requests.Status: given.status(given.module(given.HOSTILE + "\x7f"))})
    assert ran.out.isascii()
    assert not {"\x1b", "\x7f"} & set(ran.out)
    assert json.loads(ran.out)["modules"][0]["name"] == given.HOSTILE + "\x7f"


class Broken(io.StringIO):
    """A stream whose reader is gone, or whose disk is full."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code

    def write(self, _: str) -> int:
        raise OSError(self.code, "broken on purpose")


def test_a_reader_that_went_away_is_no_error() -> None:
    """``hotctl status | head -0``: the status is the command's own, and nobody sees a traceback."""
    for flags in ((), ("--json",)):
        ran = hotctl("status", *flags, answers={requests.Status: given.status()}, out=Broken(errno.EPIPE))
        assert (ran.status, ran.err) == (0, "")
    rejected = given.change(given.changed("rejected"))
    assert hotctl("reload", "a", answers={requests.Reload: rejected}, err=Broken(errno.EPIPE)).status == 3


def test_following_ends_when_its_reader_is_gone() -> None:
    """``hotctl events -f | head -1`` does not hang about."""
    page = views.Events((given.event(),), 1, 0)
    ran = hotctl("events", "-f", answers={requests.Events: page}, out=Broken(errno.EPIPE))
    assert (ran.status, len(ran.asked)) == (0, 1)


def test_a_full_disk_is_an_error() -> None:
    """Output that was lost is never success."""
    ran = hotctl("status", answers={requests.Status: given.status()}, out=Broken(errno.ENOSPC))
    assert ran.status == 1
    assert "cannot write the output: broken on purpose" in ran.err


def test_a_defect_is_one_sentence() -> None:
    """And the way to the traceback."""
    ran = hotctl("status", answers={requests.Status: ZeroDivisionError("oops")})
    assert ran.status == 1
    assert ran.err.startswith("hotctl: a defect of hotctl: ZeroDivisionError: oops\n")
    with pytest.raises(ZeroDivisionError):
        hotctl("status", answers={requests.Status: ZeroDivisionError("oops")}, env={"HOTCTL_DEBUG": "1"})


@pytest.mark.parametrize(
    ("env", "table", "colour"),
    [
        ({"TERM": "xterm-256color"}, True, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_a_terminal_gets_a_table_in_the_colours_it_asks_for(env: dict[str, str], table: bool, colour: bool) -> None:
    """NO_COLOR counts when it is not empty; a dumb terminal gets plain text."""
    answers: dict[type, Any] = {requests.Status: given.status(given.module())}
    ran = hotctl("status", answers=answers, out=given.Terminal(), env={"COLUMNS": "120", **env})
    assert ("● Healthy" in ran.out or "\x1b[32mHealthy" in ran.out) is table
    assert ("\x1b[" in ran.out) is colour


def test_a_pipe_gets_plain_text_whatever_force_color_says() -> None:
    """Nobody wants escapes in a log."""
    answers: dict[type, Any] = {requests.Status: given.status(given.module("x" * 200))}
    ran = hotctl("status", answers=answers, env={"FORCE_COLOR": "1", "COLUMNS": "40", "TERM": "xterm"})
    assert "\x1b" not in ran.out
    assert "x" * 200 in ran.out


def test_a_terminal_that_is_not_utf8_gets_ascii() -> None:
    """Signs become letters, the rest is spelt; nothing is an error."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    hotctl("status", answers={requests.Status: given.status(given.module("größe"))}, out=out)
    assert b"g7 x1, g6 x1 draining" in raw.getvalue()
    assert b"gr\\xf6\\xdfe" in raw.getvalue()


def test_another_version_of_the_daemon_is_a_notice_and_no_failure() -> None:
    """Reading goes on; nothing of it is on standard output."""
    ran = hotctl("status", "--json", answers={requests.Status: given.status(version="9.9")})
    assert ran.status == 0
    assert json.loads(ran.out)["daemon"]["version"] == "9.9"
    assert "the daemon 9.9" in ran.err
