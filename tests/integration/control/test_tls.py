"""The door for callers from other machines: who comes in, who does not, and what both sides are told of it."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hotctl.client import Daemon
from hotctl.transport.tls import papers_folder
from hotd.contract import views
from hotd.contract.errors import BadConfig, HotdError, NotPermitted, Unreachable
from hotd.contract.frames import framed
from hotd.control import Roles
from hotd.control.limits import Patience
from tests.integration.control.fakes import HURRIED, VERSION, Port, open_port
from tests.support.authority import Certificates, certificates, over_tls, strangers
from tests.support.eventually import eventually
from tests.support.frames import question

EVERYBODY = Roles(admins=["cert:laptop"], viewers=["*"])


@pytest.fixture
def laptop() -> Path:
    return certificates().folder / "clients/laptop"


@contextmanager
def open_door(folder: Path, roles: Roles = EVERYBODY, **options: Any) -> Iterator[tuple[Port, int]]:
    with open_port(folder, roles=roles, **{"door": certificates().door(), **options}) as port:
        assert port.server.tls_port
        yield port, port.server.tls_port


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[Port, int]]:
    with open_door(tmp_path) as found:
        yield found


def refused(
    papers: Path, number: int, kind: type[HotdError], host: str = "127.0.0.1", timeout: float = 20
) -> HotdError:
    with (
        over_tls(papers, number, host, timeout) as transport,
        Daemon(transport, timeout=timeout) as daemon,
        pytest.raises(kind) as caught,
    ):
        daemon.hello()
    return caught.value


def told(port: Port) -> list[str]:
    """What the daemon's log says of those who were refused, without their addresses."""
    return [record["reason"] for record in port.log.of("control.tls") if "reason" in record]


@contextmanager
def raw(papers: Path, number: int) -> Iterator[ssl.SSLSocket]:
    """A connection with a good certificate, on which anything can be said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=papers / "ca.pem")
    context.load_cert_chain(papers / "cert.pem", papers / "key.pem")
    plain = socket.create_connection(("127.0.0.1", number), 10)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as sock:
        yield sock


def is_cut(sock: socket.socket) -> bool:
    try:
        return sock.recv(65536) == b""
    except ConnectionError:
        return True


# --- who comes in -----------------------------------------------------------------------------------------------------


def test_a_caller_with_a_certificate_is_known_by_its_name(door: tuple[Port, int], laptop: Path) -> None:
    """As the actor of what it changes, and in the audit trail, with where it called from."""
    port, number = door
    with over_tls(laptop, number) as transport, Daemon(transport) as daemon:
        assert daemon.hello() == VERSION
        assert daemon.scale("m", 2).outcome == "done"

    (_, _, actor) = port.desk.asked[-1]
    assert (actor.name, actor.uid, actor.role) == ("cert:laptop", None, "admin")
    (call,) = port.log.of("control.call")
    assert (call["certificate"], call["verb"], call["outcome"]) == ("laptop", "scale", "done")
    assert call["address"].startswith("127.0.0.1:")


def test_it_may_what_the_lists_say_of_it(door: tuple[Port, int]) -> None:
    """Another name of the same authority only looks."""
    port, number = door
    with over_tls(certificates().client("tablet"), number) as transport, Daemon(transport) as daemon:
        assert daemon.hello() == VERSION
        with pytest.raises(NotPermitted, match="cert:tablet"):
            daemon.scale("m", 2)

    (refusal,) = port.log.of("control.refused")
    assert refusal["certificate"] == "tablet"


def test_a_host_goes_by_any_of_its_names(door: tuple[Port, int], laptop: Path) -> None:
    """Those of ``--host``."""
    with over_tls(laptop, door[1], "localhost") as transport, Daemon(transport) as daemon:
        assert daemon.hello() == VERSION


def test_a_long_answer_comes_through_whole(tmp_path: Path, laptop: Path) -> None:
    """Of many records."""
    long = views.Version("x" * 5_000_000, 1, "3", "p", 1)
    with open_port(tmp_path, lambda _, __: long, EVERYBODY, door=certificates().door()) as port:
        assert port.server.tls_port
        with over_tls(laptop, port.server.tls_port) as transport, Daemon(transport) as daemon:
            assert daemon.hello() == long


# --- who does not -----------------------------------------------------------------------------------------------------


def of_another_authority(folder: Path) -> Path:
    """A client that trusts ours, with a certificate from elsewhere."""
    theirs = strangers().folder / "clients/laptop"
    for name, source in (("ca.pem", certificates().folder), ("cert.pem", theirs), ("key.pem", theirs)):
        shutil.copy(source / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("papers", "here", "there"),
    [
        (
            of_another_authority,
            "does not know the authority that signed our certificate",
            "its certificate is signed by another authority than ours",
        ),
        (
            lambda _: dated("over"),
            "says that our certificate has expired",
            "its certificate has expired",
        ),
        (
            lambda _: dated("early", early=True),
            "says that our certificate cannot be used: not valid yet, or damaged",
            "its certificate is not valid yet (compare the clocks)",
        ),
        (
            lambda _: certificates().folder / "server",
            "says that our certificate was not made for this end of a connection",
            "its certificate was not made for this end of a connection",
        ),
    ],
)
def test_a_certificate_that_is_not_good_enough_is_refused_with_the_reason_on_both_sides(
    tmp_path: Path, door: tuple[Port, int], papers: Callable[[Path], Path], here: str, there: str
) -> None:
    """Exit 77, which file was shown, how to get a better one; in the log the address and the reason."""
    port, number = door
    (tmp_path / "papers").mkdir()
    shown = papers(tmp_path / "papers")
    error = refused(shown, number, NotPermitted)

    assert here in error.message
    assert str(shown / "cert.pem") in (error.hint or "") and "hotd tls init" in (error.hint or "")
    eventually(lambda: told(port) == [there])
    assert port.desk.asked == []


def test_a_caller_without_a_certificate_is_told_so(door: tuple[Port, int], laptop: Path) -> None:
    """Under TLS 1.3 it hears of it at its first read only."""
    port, number = door
    with over_tls(laptop, number) as transport, Daemon(transport) as daemon:
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.load_verify_locations(cafile=laptop / "ca.pem")
        transport._context = bare
        with pytest.raises(NotPermitted, match="asks for a certificate, and none was shown"):
            daemon.hello()

    eventually(lambda: told(port) == ["it shows no certificate"])


def test_a_certificate_on_the_list_is_refused_in_words(tmp_path: Path, laptop: Path) -> None:
    """With its serial number, as the audit trail has it too."""
    serial = _serial(laptop)
    (tmp_path / "revoked").write_text(f"# stolen\n\n{serial.upper()}  # laptop\n", "utf-8")
    with open_door(tmp_path, door=certificates().door(revoked=tmp_path / "revoked")) as (port, number):
        error = refused(laptop, number, NotPermitted)
        assert error.message == f"the certificate of cert:laptop, serial number {int(serial, 16):x}, is revoked here"
        (refusal,) = port.log.of("control.refused")
        assert (refusal["certificate"], refusal["outcome"]) == ("laptop", "not-permitted")
        assert port.desk.asked == []
        with over_tls(certificates().client("tablet"), number) as transport, Daemon(transport) as daemon:
            assert daemon.hello() == VERSION


def test_a_daemon_of_another_authority_is_not_trusted(door: tuple[Port, int]) -> None:
    """Exit 69; whom we trust is named, and the daemon hears that it was not trusted."""
    port, number = door
    error = refused(strangers().folder / "clients/laptop", number, Unreachable)

    assert "is not trusted: its certificate is signed by another authority than ours" in error.message
    assert "ca.pem" in (error.hint or "")
    eventually(lambda: told(port))
    assert told(port)[0].startswith("it does not know the authority that signed our certificate")


def test_a_daemon_of_another_name_is_not_trusted(tmp_path: Path, laptop: Path) -> None:
    """The host that was written must be in its certificate."""
    elsewhere = Certificates(tmp_path / "named", hosts=["web2.example.org"])
    with open_door(tmp_path, door=elsewhere.door()) as (_, number):
        error = refused(elsewhere.folder / "clients/laptop", number, Unreachable)

    assert "is not trusted: its certificate is for other addresses" in error.message


def test_a_daemon_whose_certificate_has_expired_is_not_trusted(tmp_path: Path, laptop: Path) -> None:
    """In words, before anything was asked."""
    with open_door(tmp_path, door=certificates().door(dated("stale", use="serverAuth"))) as (_, number):
        assert "is not trusted: its certificate has expired" in refused(laptop, number, Unreachable).message


def test_a_caller_that_speaks_no_tls_is_refused(door: tuple[Port, int]) -> None:
    """A browser, a scanner, an RPyC client."""
    port, number = door
    for words in (b"GET / HTTP/1.0\r\n\r\n", framed(b"\1hello")):
        with socket.create_connection(("127.0.0.1", number), 10) as sock:
            sock.sendall(words)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):  # an alert, then the end
                pass

    eventually(lambda: len(told(port)) == 2)
    assert told(port)[0] == "it does not speak TLS"


def test_older_tls_is_refused(door: tuple[Port, int], laptop: Path) -> None:
    """1.3 and nothing below."""
    port, number = door
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=laptop / "ca.pem")
    context.load_cert_chain(laptop / "cert.pem", laptop / "key.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", number), 10) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")

    eventually(lambda: told(port) == ["it does not speak TLS 1.3"])


def test_what_listens_there_may_be_something_else(laptop: Path) -> None:
    """No TLS, a silent one, nobody."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        answering = threading.Thread(target=_answer_once, args=(other, b"HTTP/1.0 400 Bad Request\r\n\r\n"))
        answering.start()
        assert "does not speak TLS" in refused(laptop, number, Unreachable).message
        answering.join()
        assert "does not shake hands" in refused(laptop, number, Unreachable, timeout=0.2).message
    assert "nobody listens there" in refused(laptop, number, Unreachable).message
    assert "no host of that name" in refused(laptop, 1, Unreachable, host="no-such-host.invalid").message


# --- deadlines --------------------------------------------------------------------------------------------------------


def test_a_handshake_that_is_begun_and_not_ended_is_given_up(tmp_path: Path, laptop: Path) -> None:
    """Silent from the start, or a byte now and then: the others do not notice, and the door forgets it."""
    with open_door(tmp_path, patience=HURRIED) as (port, number):
        with (
            socket.create_connection(("127.0.0.1", number), 10) as silent,
            socket.create_connection(("127.0.0.1", number), 10) as slow,
        ):
            slow.sendall(b"\x16\x03\x01\x02")
            with over_tls(laptop, number) as transport, Daemon(transport) as daemon:
                assert daemon.hello() == VERSION
            assert is_cut(silent) and is_cut(slow)
        eventually(lambda: told(port) == ["it began a handshake and did not end it"] * 2)


def test_a_request_that_is_begun_and_not_ended_is_cut_also_where_bytes_keep_coming(
    tmp_path: Path, laptop: Path
) -> None:
    """Each in a record of its own: the deadline is for the whole request."""
    patience = Patience(idle=20, begun=0.2, answer=20)
    with open_door(tmp_path, patience=patience) as (_, number), raw(laptop, number) as sock:
        began = time.monotonic()
        sock.settimeout(0.02)
        with pytest.raises((ConnectionError, ssl.SSLError, EOFError)):
            for _ in range(1000):
                sock.sendall(b"\0")
                try:
                    if not sock.recv(1):
                        raise EOFError
                except TimeoutError:
                    continue
        assert time.monotonic() - began < 10


def test_whoever_is_idle_for_long_goes(tmp_path: Path, laptop: Path) -> None:
    """As on the Unix socket."""
    with open_door(tmp_path, patience=HURRIED) as (_, number), raw(laptop, number) as sock:
        assert is_cut(sock)


def test_a_caller_that_takes_no_answer_is_cut(tmp_path: Path, laptop: Path) -> None:
    """Its thread does not wait for it longer than ``answer``."""
    long = views.Version("x" * 30_000_000, 1, "3", "p", 1)
    patience = Patience(idle=20, begun=20, answer=0.2)
    with open_port(tmp_path, lambda _, __: long, EVERYBODY, door=certificates().door(), patience=patience) as port:
        assert port.server.tls_port
        with raw(laptop, port.server.tls_port) as sock:
            sock.sendall(question("hello"))
            eventually(lambda: port.desk.asked)
            eventually(lambda: len(port.server._callers) == 0, what="its thread to let go of it")


def test_closing_the_port_disconnects_callers_over_tls_too(tmp_path: Path, laptop: Path) -> None:
    """RPyC's own close leaves them connected: it closes the socket that TLS has taken over."""
    with open_door(tmp_path) as (port, number), raw(laptop, number) as sock:
        sock.sendall(question("hello"))
        sock.recv(1)
        port.server.close(0.0)
        sock.settimeout(10)
        while sock.recv(65536):
            pass
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", number), 1)


# --- certificates are read again --------------------------------------------------------------------------------------


def test_new_certificates_are_met_by_who_comes_next(tmp_path: Path, laptop: Path) -> None:
    """A renewed authority: who is connected stays, the old certificates open nothing any more."""
    shutil.copytree(certificates().folder, tmp_path / "tls")
    there = Certificates(tmp_path / "tls")
    with (
        open_door(tmp_path, door=there.door()) as (port, number),
        over_tls(laptop, number) as before,
        Daemon(before) as daemon,
    ):
        daemon.hello()
        for name in ("ca.pem", "server/cert.pem", "server/key.pem"):
            shutil.copy(strangers().folder / name, tmp_path / "tls" / name)
        port.server.reload_certificates()

        assert daemon.hello() == VERSION
        refused(laptop, number, Unreachable)
        with over_tls(strangers().folder / "clients/laptop", number) as transport, Daemon(transport) as other:
            assert other.hello() == VERSION


def test_a_caller_whose_certificate_is_revoked_is_cut_off(tmp_path: Path, laptop: Path) -> None:
    """At once, and not only when it connects again."""
    tablet = certificates().client("tablet")
    with (
        open_door(tmp_path, door=certificates().door(revoked=tmp_path / "revoked")) as (port, number),
        raw(laptop, number) as stolen,
        over_tls(tablet, number) as transport,
        Daemon(transport) as other,
    ):
        stolen.sendall(question("hello"))
        stolen.recv(65536)
        other.hello()
        (tmp_path / "revoked").write_text(f"{_serial(laptop)}\n", "utf-8")
        port.server.reload_certificates()

        assert is_cut(stolen)
        assert other.hello() == VERSION
        assert "is revoked here" in refused(laptop, number, NotPermitted).message


def test_files_that_cannot_be_used_change_nothing_and_are_all_named(tmp_path: Path, laptop: Path) -> None:
    """All or nothing: a good list of revoked ones does not come into force beside a bad key."""
    folder = tmp_path / "tls"
    shutil.copytree(certificates().folder, folder)
    mine = Certificates(folder)
    with open_door(tmp_path, door=mine.door()) as (port, number):
        (folder / "ca.pem").write_text("nothing", "utf-8")
        shutil.copy(strangers().folder / "server/key.pem", folder / "server/key.pem")
        (folder / "revoked").write_text(f"{_serial(laptop)}\nlaptop\n", "utf-8")
        with pytest.raises(BadConfig) as caught:
            port.server.reload_certificates()

        assert caught.value.message.splitlines() == [
            f"{folder}/ca.pem: no certificate in PEM form",
            f"{folder}/server/key.pem: does not belong to {folder}/server/cert.pem",
            f"{folder}/revoked:2: no serial number of a certificate; `hotd tls revoke` writes them",
        ]
        with over_tls(laptop, number) as transport, Daemon(transport) as daemon:
            assert daemon.hello() == VERSION


@pytest.mark.parametrize("option", ["revoked", "certificate"])
def test_a_file_that_is_missing_is_told_when_the_port_is_opened(tmp_path: Path, option: str) -> None:
    """And nothing is left of the port."""
    door = certificates().door(**{option: tmp_path / "none"}, revoked_needed=True)
    with pytest.raises(BadConfig, match=r"none.*No such file"):
        open_door(tmp_path, door=door).__enter__()
    assert not (tmp_path / "s").exists()


def test_an_address_that_is_taken_or_not_ours_is_told(tmp_path: Path, door: tuple[Port, int]) -> None:
    """And the Unix socket is taken away again."""
    (tmp_path / "other").mkdir()
    for wrong, why in (({"port": door[1]}, "in use"), ({"host": "192.0.2.1"}, "assign"), ({"host": "no.invalid"}, "")):
        with pytest.raises(BadConfig, match=f"cannot listen at .*{why}"):
            open_door(tmp_path / "other", door=certificates().door(**wrong)).__enter__()
        assert not (tmp_path / "other/s").exists()


# --- the caller's own files -------------------------------------------------------------------------------------------


def test_where_a_callers_certificate_is() -> None:
    """$HOTCTL_TLS, else in the config folder; a relative one of XDG's is passed over, as its specification says."""
    assert papers_folder({"HOTCTL_TLS": "/x", "HOME": "/home/ann"}) == Path("/x")
    assert papers_folder({"XDG_CONFIG_HOME": "/c", "HOME": "/home/ann"}) == Path("/c/hotd/tls")
    assert papers_folder({"XDG_CONFIG_HOME": "c", "HOME": "/home/ann"}) == Path("/home/ann/.config/hotd/tls")


def test_what_is_wrong_with_a_callers_own_files_is_told_before_anybody_is_called(tmp_path: Path, laptop: Path) -> None:
    """Exit 78: a missing one, a key that others may read, one of another certificate, no PEM."""
    assert "there is no" in refused(tmp_path, 1, BadConfig).message

    mine = tmp_path / "mine"
    shutil.copytree(laptop, mine)
    (mine / "key.pem").chmod(0o644)
    loose = refused(mine, 1, BadConfig)
    assert "may be read by others" in loose.message and loose.hint == f"chmod 600 {mine}/key.pem"

    shutil.copy(strangers().folder / "clients/laptop/key.pem", mine / "key.pem")
    assert "key.pem does not belong to cert.pem" in refused(mine, 1, BadConfig).message
    (mine / "cert.pem").write_text("x", "utf-8")
    assert "no PEM" in refused(mine, 1, BadConfig).message


def dated(name: str, **options: Any) -> Path:
    found = certificates().folder / name
    return found if found.exists() else certificates().dated(name, **options)


def _serial(papers: Path) -> str:
    decoded: dict[str, str] = ssl._ssl._test_decode_cert(os.fspath(papers / "cert.pem"))  # type: ignore[attr-defined]
    return decoded["serialNumber"]


def _answer_once(listener: socket.socket, words: bytes) -> None:
    sock, _ = listener.accept()
    with sock:
        sock.recv(65536)
        sock.sendall(words)
