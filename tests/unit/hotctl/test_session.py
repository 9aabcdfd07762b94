"""What every command shares."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import hotctl
from hotctl import client
from hotctl.session import Session, chosen_address
from hotd.contract.errors import Unreachable, UsageError
from hotd.contract.requests import Hello


def test_socket_and_host_say_where_the_daemon_is() -> None:
    """One of them, or neither."""
    assert chosen_address(None, None) is None
    assert chosen_address("/a.sock", None) == "/a.sock"
    assert chosen_address(None, "ssh://web1") == "ssh://web1"


@pytest.mark.parametrize(("socket", "host"), [("/a.sock", "ssh://web1"), ("ssh://web1", None)])
def test_what_makes_no_sense_together_is_a_usage_error(socket: str, host: str | None) -> None:
    """With the cure, before anything is tried."""
    with pytest.raises(UsageError) as caught:
        chosen_address(socket, host)
    assert caught.value.hint


def test_nothing_is_opened_before_it_is_needed() -> None:
    """A usage error never waits for a daemon; closing what was never opened is fine."""
    with Session("http://web1") as session:
        pass
    with Session("http://web1") as session, pytest.raises(UsageError, match="no address of a daemon"):
        session.ask(Hello())


def test_one_client_is_shared_by_all_questions() -> None:
    """One connection for one command."""
    with Session("/nowhere/hotd.sock") as session:
        assert session.daemon is session.daemon
        with pytest.raises(Unreachable, match="there is no socket there"):
            session.ask(Hello())


def test_the_package_offers_connect_and_nothing_by_mistake() -> None:
    """``from hotctl import connect``."""
    assert hotctl.connect is client.connect
    assert hotctl.Daemon is client.Daemon
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        hotctl.conect  # noqa: B018 - the look-up is what is tried


def test_importing_the_client_is_cheap() -> None:
    """RPyC, sockets and rich are paid for by whoever speaks to a daemon, not by ``hotctl --help``."""
    code = "import hotctl.client, sys; print(*{'rpyc', 'socket', 'rich', 'logging'} & set(sys.modules))"

    # Whoever measures the tests' coverage measures their children too, with modules of its own.
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    command = [sys.executable, "-c", code]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=env)

    assert done.stdout.split() == []
