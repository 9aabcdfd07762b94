"""A daemon behind a command's standard input and output: one that works, and all that a command can do instead."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotctl import connect
from hotctl.client import Daemon
from hotctl.transport.child import Child
from hotctl.transport.command import FOR_A_PERSON, CommandTransport
from hotd.contract import views
from hotd.contract.errors import HotdError, NotPermitted, ProtocolMismatch, Unreachable
from hotd.contract.requests import Request
from hotd.contract.verbs import Verb
from tests.integration.control.fakes import VERSION, Port, open_port
from tests.support.daemons import environment, hotctl
from tests.support.eventually import eventually

PROXY = f"{sys.executable} -m hotctl proxy --socket"


@contextmanager
def behind(command: str, timeout: float = 30) -> Iterator[Daemon]:
    """What ``command`` speaks for, where nobody sits at a terminal."""
    argv = tuple(shlex.split(command))
    with Daemon(CommandTransport(argv, "exec:x", timeout, env=environment(), asks=False), timeout=timeout) as daemon:
        yield daemon


def shell(script: str) -> str:
    return f"sh -c {shlex.quote(script)}"


def refused(command: str, kind: type[HotdError] = Unreachable, timeout: float = 30) -> HotdError:
    """The error that a first question ends with."""
    with behind(command, timeout) as daemon, pytest.raises(kind) as caught:
        daemon.hello()
    assert children() == []
    return caught.value


def all_children() -> list[str]:
    """Of this process, zombies too."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()


THERE_BEFORE: set[str] = set()


@pytest.fixture(autouse=True)
def whoever_was_there_before() -> None:
    """multiprocessing keeps helpers for as long as a process lives, once a test has used it."""
    THERE_BEFORE.clear()
    THERE_BEFORE.update(all_children())


def children() -> list[str]:
    """Those that have come since the test began."""
    return [one for one in all_children() if one not in THERE_BEFORE]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


# --- it works ---------------------------------------------------------------------------------------------------------


def test_calls_go_through_a_command_that_speaks_for_a_daemon(port: Port) -> None:
    """``exec:docker exec -i NAME hotctl proxy``: one process for all calls, gone with the connection."""
    with connect(f"exec:{PROXY} {port.path}", timeout=30) as daemon:
        assert daemon.hello() == VERSION
        (proxy,) = children()
        assert daemon.scale("m", 2).outcome == "done"
        assert children() == [proxy]

    assert [verb for verb, _, _ in port.desk.asked] == ["hello", "scale"]
    assert children() == []


def test_a_command_is_started_again_when_its_connection_was_cut(port: Port) -> None:
    """A program that holds a connection does not notice that the far side was restarted."""
    with connect(f"exec:{PROXY} {port.path}", timeout=30) as daemon:
        daemon.hello()
        (first,) = map(int, children())
        os.kill(first, signal.SIGKILL)

        assert daemon.hello() == VERSION
        assert str(first) not in children()


def test_an_answer_of_many_megabytes_comes_through_whole(tmp_path: Path) -> None:
    """A proxy holds a chunk at a time, and loses none."""
    long = views.Version("x" * 8_000_000, 1, "3", "p", 1)

    def answer(verb: Verb, request: Request) -> views.Version:
        return long

    with open_port(tmp_path, answer) as port, behind(f"{PROXY} {port.path}") as daemon:
        assert daemon.hello() == long


def test_what_it_says_on_the_side_never_stops_it(port: Port) -> None:
    """More than a pipe holds, before the first answer: warnings of kubectl, greetings of ssh."""
    with behind(shell(f"head -c 300000 /dev/zero >&2; exec {PROXY} {port.path}")) as daemon:
        assert daemon.hello() == VERSION


def test_where_we_find_our_daemon_is_not_told_to_the_command(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """``HOTCTL_HOST='exec:hotctl proxy'`` would run hotctl proxy, which would run hotctl proxy."""
    command = f"exec:sh -c 'test -z \"$HOTCTL_HOST\" && exec {PROXY} {port.path}'"
    monkeypatch.setenv("HOTCTL_HOST", command)

    with connect(timeout=30) as daemon:
        assert daemon.hello() == VERSION


# --- it does not ------------------------------------------------------------------------------------------------------


def test_no_such_command() -> None:
    """Told by its name."""
    assert "there is no command no-such-command here" in refused("no-such-command x").message


def test_a_command_that_may_not_be_run(tmp_path: Path) -> None:
    """A file without its mode."""
    (tmp_path / "script").touch()

    assert "cannot be run: Permission denied" in refused(str(tmp_path / "script")).message


def test_the_far_side_has_no_daemon(tmp_path: Path) -> None:
    """What hotctl over there says is told, and what to do about it from here."""
    error = refused(f"{PROXY} {tmp_path}/none")

    assert error.message == f"exec:x: no daemon at {tmp_path}/none: there is no socket there"
    assert "proxy --socket PATH" in (error.hint or "")


def test_the_far_side_does_not_let_us_in() -> None:
    """Exit 77, as here."""
    error = refused(
        shell("echo 'hotctl: uid 7 may not use the socket' >&2; echo 'hint: join' >&2; exit 77"), NotPermitted
    )

    assert (error.message, error.hint) == ("exec:x: uid 7 may not use the socket", "join")


def test_the_hotctl_over_there_is_older_than_proxy() -> None:
    """It says that there is no such command."""
    said = "hotctl: there is no command 'proxy'"

    assert "too old" in refused(shell(f'echo "{said}" >&2; exit 2'), ProtocolMismatch).message


def test_its_words_are_shown_without_what_drives_a_terminal() -> None:
    """The last of them, and its status."""
    error = refused(shell(r"printf 'one\n\033]0;owned\a\033[31mtwo\n\n' >&2; exit 3"))

    assert error.message == ("exec:x: the command ended with status 3 before there was an answer\none\n]0;owned[31mtwo")


def test_a_command_that_was_killed_is_told_with_the_signal() -> None:
    """As a shell does."""
    assert "was ended by SIGKILL" in refused(shell("kill -9 $$")).message


def test_a_command_that_is_not_found_by_a_shell_in_between() -> None:
    """The status of every shell, and of docker exec."""
    error = refused(shell("exec no-such-command"))

    assert "a command was not found (exit status 127)" in error.message


def test_a_command_that_says_nothing_at_all() -> None:
    """``exec:true``"""
    assert "ended without a word" in refused("true").message


def test_a_greeting_is_no_word_of_a_daemon() -> None:
    """A start file of a shell that prints something."""
    error = refused(shell("echo 'Welcome to web1'; cat"), ProtocolMismatch)

    assert 'is no word of a daemon: it begins with "Welcome to web1"' in error.message
    assert "no greeting" in (error.hint or "")


def test_what_is_no_greeting_either_is_not_shown() -> None:
    """Bytes that nobody reads tell less than what is wrong with them; and none of them reach the terminal."""
    error = refused(shell("printf '\\377\\033[31m\\000\\001'; cat"), ProtocolMismatch)

    assert "is no word of a daemon: a frame of" in error.message and "\x1b" not in error.message


def test_a_command_that_hangs_is_given_up_and_ended() -> None:
    """By the deadline of a call."""
    assert "no answer within 0.3" in refused("sleep 100", timeout=0.3).message


def test_what_it_said_before_it_was_given_up_is_told() -> None:
    """ssh says where it hangs."""
    transport = CommandTransport(("sh", "-c", "echo connecting to web1 >&2; exec cat"), "exec:x", 1, env={}, asks=False)
    sock = transport._dialled(time.monotonic() + 60)
    child = transport._child
    assert child is not None
    eventually(lambda: child.said)

    assert transport._silent(1.0).message.endswith("\nconnecting to web1")
    sock.close()
    transport.close()


def test_somebody_at_a_terminal_has_time_to_type_a_password() -> None:
    """And only at the first answer."""
    asks = CommandTransport(("x",), "x", 1, env={}, asks=True)
    alone = CommandTransport(("x",), "x", 1, env={}, asks=False)

    assert asks._first_deadline(5.0) == 5.0 + FOR_A_PERSON
    assert alone._first_deadline(5.0) == 5.0


def test_one_that_left_somebody_behind_is_not_waited_for(tmp_path: Path) -> None:
    """ssh's ControlPersist keeps standard error open for hours."""
    began = time.monotonic()
    error = refused(shell(f"sleep 60 >/dev/null & echo $! > {tmp_path}/pid; echo said >&2; exit 3"))

    os.kill(int((tmp_path / "pid").read_text("ascii")), signal.SIGKILL)
    assert time.monotonic() - began < 30
    assert error.message.endswith("\nsaid")


def test_one_that_wants_to_stay_is_killed() -> None:
    """Not by the end of its input, nor by SIGTERM."""
    child = Child(
        ["sh", "-c", "trap '' TERM; echo ready >&2; while :; do sleep 100; done"], environment(), patience=0.05
    )
    eventually(lambda: child.said == "ready\n")
    child.sock.close()

    assert child.end() == -signal.SIGKILL
    assert children() == []


def test_ctrl_c_ends_it_too(tmp_path: Path) -> None:
    """The terminal tells both; whoever ignores that is ended by hotctl."""
    script = f"trap '' INT; echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec cat >/dev/null"
    process = subprocess.Popen(
        [sys.executable, "-m", "hotctl", "--host", f"exec:sh -c {shlex.quote(script)}", "status"],
        env=environment(),
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually((tmp_path / "pid").exists)
    os.killpg(process.pid, signal.SIGINT)

    _, said = process.communicate(timeout=30)
    # CPython ends itself by the signal where it arrived inside an exec(), as in the making of a dataclass; both are
    # 130 to a shell.
    assert process.returncode in (130, -signal.SIGINT)
    assert said == ""
    # Where hotctl ended by the signal itself, the end of its socket ends the command.
    eventually(lambda: gone(int((tmp_path / "pid").read_text("ascii"))))


def test_the_command_line_says_the_same(tmp_path: Path) -> None:
    """In words, as JSON, and as an exit status."""
    ran = hotctl("--host", f"exec:{PROXY} {tmp_path}/none", "status", "--json")

    assert ran.status == 69
    assert ran.json["error"]["code"] == "unreachable"
    assert "there is no socket there" in ran.err
