"""Where a daemon is: the order of places, and a sentence for every address that is none."""

from __future__ import annotations

import pytest

from hotd.contract.address import Address, RemoteAddress, UnixAddress, find_address, parse_address
from hotd.contract.errors import UsageError

SYSTEM = "/run/hotd/control.sock"
MINE = "/run/user/1000/hotd/control.sock"


def find(
    given: str | None = None, env: dict[str, str] | None = None, uid: int = 1000, there: tuple[str, ...] = ()
) -> tuple[Address, list[str]]:
    return find_address(given=given, env=env or {}, uid=uid, exists=lambda path: path in there)


def test_what_is_given_comes_first() -> None:
    """``--socket`` beats the environment, and nothing is looked at."""
    assert find("a.sock", {"HOTCTL_HOST": "b.sock"}) == (UnixAddress("a.sock"), [])


def test_the_environment_comes_second() -> None:
    """``$HOTCTL_HOST`` as ``$DOCKER_HOST``."""
    assert find(env={"HOTCTL_HOST": "/b.sock", "XDG_RUNTIME_DIR": "/run/user/1000"}) == (UnixAddress("/b.sock"), [])


def test_an_empty_environment_variable_is_none() -> None:
    """``HOTCTL_HOST= hotctl status`` unsets it."""
    assert find(env={"HOTCTL_HOST": ""}) == (UnixAddress(SYSTEM), [SYSTEM])


def test_the_users_own_daemon_comes_before_the_systems() -> None:
    """Who runs one means that one."""
    env = {"XDG_RUNTIME_DIR": "/run/user/1000/"}

    assert find(env=env, there=(MINE, SYSTEM)) == (UnixAddress(MINE), [MINE, SYSTEM])
    assert find(env=env, there=(SYSTEM,)) == (UnixAddress(SYSTEM), [MINE, SYSTEM])


def test_where_nothing_exists_the_last_place_is_named_and_all_that_were_looked_at() -> None:
    """Connecting to it tells what is wrong."""
    assert find(env={"XDG_RUNTIME_DIR": "/run/user/1000"}) == (UnixAddress(SYSTEM), [MINE, SYSTEM])


def test_root_never_looks_into_a_users_runtime_folder() -> None:
    """``sudo -E hotctl reload`` must not be led to a socket that a user made."""
    env = {"XDG_RUNTIME_DIR": "/run/user/1000"}

    assert find(env=env, uid=0, there=(MINE,)) == (UnixAddress(SYSTEM), [SYSTEM])


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("ssh://ops@web1", "ssh"),
        ("ssh://ops@web1:2222/run/hotd/control.sock", "ssh"),
        ("tls://web1:18812", "tls"),
        ("exec:kubectl exec -i pod -- hotctl proxy", "exec"),
    ],
)
def test_daemons_elsewhere_are_understood(text: str, scheme: str) -> None:
    """Their addresses are kept as they were written."""
    address = parse_address(text)

    assert address == RemoteAddress(scheme, text)
    assert str(address) == text


@pytest.mark.parametrize("text", ["/run/a.sock", "a.sock", "./ssh:x", "ssh:x", "tls"])
def test_everything_else_is_a_path(text: str) -> None:
    """Also one that only looks like a scheme."""
    address = parse_address(text)

    assert address == UnixAddress(text)
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("ssh://", "names no host"),
        ("tls://:443", "names no host"),
        ("http://web1", "is no address of a daemon"),
        ("@hotd", "abstract socket"),
        ("\0hotd", "abstract socket"),
        ("/" + "x" * 107, "108 bytes long, the kernel takes 107"),
        ("/" + "ü" * 54, "109 bytes long"),
    ],
)
def test_what_is_no_address_is_a_usage_error_with_a_cure(text: str, sentence: str) -> None:
    """Told before anything is tried."""
    with pytest.raises(UsageError, match=sentence) as caught:
        parse_address(text)

    assert caught.value.hint


def test_the_longest_path_is_107_bytes() -> None:
    """The kernel's 108 with the closing zero."""
    assert parse_address("/" + "x" * 106) == UnixAddress("/" + "x" * 106)
