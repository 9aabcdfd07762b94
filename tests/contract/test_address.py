"""Where a daemon is: the order of places, and a sentence for every address that is none."""

from __future__ import annotations

import pytest

from hotd.contract.address import (
    TLS_PORT,
    Address,
    ExecAddress,
    SshAddress,
    TlsAddress,
    UnixAddress,
    find_address,
    parse_address,
)
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


def ssh(host: str, user: str | None = None, port: int | None = None, socket: str | None = None) -> tuple[object, ...]:
    return SshAddress, host, user, port, socket


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ssh://web1", ssh("web1")),
        ("ssh://ops@Web1/", ssh("Web1", "ops")),
        ("ssh://ops@web1:2222/run/hotd/control.sock", ssh("web1", "ops", 2222, "/run/hotd/control.sock")),
        ("ssh://[2001:db8::1]:22/a%20b", ssh("2001:db8::1", None, 22, "/a b")),
        ("tls://web1:18812", (TlsAddress, "web1", 18812)),
        ("tls://web1/", (TlsAddress, "web1", TLS_PORT)),
        ("tls://[::1]", (TlsAddress, "::1", TLS_PORT)),
        (
            "exec:kubectl exec -i 'a pod' -- hotctl proxy",
            (ExecAddress, ("kubectl", "exec", "-i", "a pod", "--", "hotctl", "proxy")),
        ),
    ],
)
def test_daemons_elsewhere_are_understood(text: str, parts: tuple[type, object]) -> None:
    """Host names as they are written: the aliases in ssh's own config know upper case."""
    kind, *fields = parts
    address = parse_address(text)

    assert address == kind(*fields, text)
    assert str(address) == text


@pytest.mark.parametrize("text", ["/run/a.sock", "a.sock", "./ssh:x", "web1:7463", "tls", "a b:/c"])
def test_everything_else_is_a_path(text: str) -> None:
    """Also one that only looks like a scheme."""
    address = parse_address(text)

    assert address == UnixAddress(text)
    assert str(address) == text


@pytest.mark.parametrize("text", ["unix:/run/a.sock", "unix:///run/a.sock"])
def test_a_path_may_be_written_as_other_programs_write_one(text: str) -> None:
    """As $DOCKER_HOST is."""
    assert parse_address(text) == UnixAddress("/run/a.sock")


@pytest.mark.parametrize("scheme", ["ssh", "tls"])
@pytest.mark.parametrize("slashes", ["", "/"])
@pytest.mark.parametrize(
    "rest", ["", "x", "web1:18812", "me@web1", "web1/run/x", ":9", "web1:99999", "-oProxyCommand=x"]
)
def test_what_is_proposed_in_the_place_of_no_address_is_one(scheme: str, slashes: str, rest: str) -> None:
    """Whoever types it is not told the next thing that is wrong with it."""
    with pytest.raises(UsageError) as refused:
        parse_address(f"{scheme}:{slashes}{rest}")

    proposed = (refused.value.hint or "").removeprefix("write ").partition(",")[0]
    assert str(parse_address(proposed)) == proposed


@pytest.mark.parametrize(
    ("text", "sentence", "cure"),
    [
        ("", "is empty", "--socket PATH"),
        ("ssh://", "names no host", "write ssh://host"),
        ("tls://:443", "names no host", "write tls://host"),
        ("ssh:web1", "is no address of a daemon", "write ssh://web1, or ./ssh:web1 for a socket"),
        ("tls:/web1", "is no address of a daemon", "write tls://web1, or ./tls:/web1 for a socket"),
        ("http://web1", "is no address of a daemon", "write ssh://web1 or tls://web1"),
        ("tcp://web1:7463", "is no address of a daemon", "neither HTTP nor plain TCP"),
        ("shh://web1", "is no address of a daemon", "did you mean ssh://web1"),
        ("exe://x", "is no address of a daemon", "did you mean exec:x"),
        ("gopher://web1", "is no address of a daemon", "ssh://user@host"),
        ("ssh://-oProxyCommand=x", "begins with a dash", "ssh://user@host"),
        ("ssh://-x@web1", "begins with a dash", "ssh://user@host"),
        ("ssh://a:b@web1", "takes no password", "a key"),
        ("ssh://@web1", "names no user before the @", "ssh://web1"),
        ("ssh://web1:ssh", "is no port", "from 1 to 65535"),
        ("ssh://web1:0", "is no port", "from 1 to 65535"),
        ("ssh://web1:99999", "is no port", "from 1 to 65535"),
        ("ssh://a@b@c", "is no address", "ssh://host"),
        ("ssh://web1\n", "is no address", "ssh://host"),
        ("ssh://web 1", "is no address", "ssh://host"),
        ("tls://me@web1", "names a user", "tls://web1"),
        ("tls://web1/run/x", "names a path", "tls://web1:PORT"),
        ("exec:", "names no command", "docker exec"),
        ("exec:''", "names no command", "docker exec"),
        ("exec:a 'b", "no closing quotation", "quote as a shell does"),
        ("exec:a\0b", "holds a NUL", "docker exec"),
        ("unix:", "names no socket", "its path"),
        ("@hotd", "abstract socket", "a path"),
        ("unix:@hotd", "abstract socket", "a path"),
        ("\0hotd", "abstract socket", "a path"),
        ("/" + "x" * 107, "108 bytes long, the kernel takes 107", "shorter"),
        ("/" + "ü" * 54, "109 bytes long", "shorter"),
    ],
)
def test_what_is_no_address_is_a_usage_error_with_a_cure(text: str, sentence: str, cure: str) -> None:
    """Told before anything is tried."""
    with pytest.raises(UsageError, match=sentence) as caught:
        parse_address(text)

    assert cure in (caught.value.hint or "")


def test_the_longest_path_is_107_bytes() -> None:
    """The kernel's 108 with the closing zero."""
    assert parse_address("/" + "x" * 106) == UnixAddress("/" + "x" * 106)
